CREATE TABLE order_history ("a""b`c" character varying, "select" integer, data bytea, vsg_branch bigint, vsg_begin bigint, vsg_id bigint, vsg_end bigint, vsg_op text);

CREATE UNIQUE INDEX order_history_pkey ON public.order_history USING btree (vsg_id);

CREATE INDEX "order_history_select_a""b`c_vsg_id_idx" ON public.order_history USING btree ("select", "a""b`c", vsg_id);

CREATE OR REPLACE FUNCTION public.dbvsg_1_delete()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$BEGIN IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' THEN IF pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' AND pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.<) pg_catalog.current_setting('dbvsg.depth_1', true)::int THEN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN l."select" IS NULL THEN h."a""b`c" ELSE l."a""b`c" END, CASE WHEN l."select" IS NULL THEN h."select" ELSE l."select" END, CASE WHEN l."select" IS NULL THEN h."data" ELSE l."data" END, 1, "public"."dbvsg_current_commit"(), CASE WHEN l."select" IS NULL THEN 'delete' WHEN h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' THEN 'insert' ELSE 'update' END FROM (SELECT x."select", x."a""b`c" FROM dbvsg_old x) k(k0, k1) LEFT JOIN "public"."order" l ON l."select" OPERATOR(pg_catalog.=) k.k0 AND l."a""b`c" OPERATOR(pg_catalog.=) k.k1 LEFT JOIN LATERAL (SELECT * FROM "public"."order_history" v WHERE v."select" OPERATOR(pg_catalog.=) k.k0 AND v."a""b`c" OPERATOR(pg_catalog.=) k.k1 ORDER BY v.vsg_id DESC LIMIT 1) h ON true WHERE CASE WHEN l."select" IS NULL THEN h.vsg_op OPERATOR(pg_catalog.<>) 'delete' ELSE h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' OR ROW(h."a""b`c", h."select", h."data")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(l."a""b`c", l."select", l."data")::pg_catalog.record END;
  RETURN NULL;
  END IF;
  PERFORM pg_catalog.set_config('dbvsg.depth_1', pg_catalog.pg_trigger_depth()::pg_catalog.text, true);
  END IF;
  IF pg_catalog.current_setting('dbvsg.commit', true) OPERATOR(pg_catalog.<>) '' THEN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT x."a""b`c", x."select", x."data", 1, pg_catalog.current_setting('dbvsg.commit', true)::bigint, 'delete' FROM dbvsg_old x;
  ELSE WITH opened AS (INSERT INTO "public"."dbvsg_commit" (branch_id, actor, operation, message, written_at) SELECT 1, CASE WHEN pg_catalog.current_setting('dbvsg.actor', true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('dbvsg.actor', true) ELSE session_user END, 'EXTERNAL', CASE WHEN pg_catalog.current_setting('dbvsg.message', true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('dbvsg.message', true) END, (extract(epoch FROM pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000000)::bigint WHERE EXISTS (SELECT FROM dbvsg_old x) RETURNING id), noted AS MATERIALIZED (SELECT pg_catalog.set_config('dbvsg.commit', id::pg_catalog.text, true)::bigint AS id FROM opened) INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT x."a""b`c", x."select", x."data", 1, noted.id, 'delete' FROM noted, dbvsg_old x;
  END IF;
  RETURN NULL;
  END$function$;

CREATE OR REPLACE FUNCTION public.dbvsg_1_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$BEGIN IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' THEN IF pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' AND pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.<) pg_catalog.current_setting('dbvsg.depth_1', true)::int THEN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN l."select" IS NULL THEN h."a""b`c" ELSE l."a""b`c" END, CASE WHEN l."select" IS NULL THEN h."select" ELSE l."select" END, CASE WHEN l."select" IS NULL THEN h."data" ELSE l."data" END, 1, "public"."dbvsg_current_commit"(), CASE WHEN l."select" IS NULL THEN 'delete' WHEN h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' THEN 'insert' ELSE 'update' END FROM (SELECT x."select", x."a""b`c" FROM dbvsg_new x) k(k0, k1) LEFT JOIN "public"."order" l ON l."select" OPERATOR(pg_catalog.=) k.k0 AND l."a""b`c" OPERATOR(pg_catalog.=) k.k1 LEFT JOIN LATERAL (SELECT * FROM "public"."order_history" v WHERE v."select" OPERATOR(pg_catalog.=) k.k0 AND v."a""b`c" OPERATOR(pg_catalog.=) k.k1 ORDER BY v.vsg_id DESC LIMIT 1) h ON true WHERE CASE WHEN l."select" IS NULL THEN h.vsg_op OPERATOR(pg_catalog.<>) 'delete' ELSE h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' OR ROW(h."a""b`c", h."select", h."data")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(l."a""b`c", l."select", l."data")::pg_catalog.record END;
  RETURN NULL;
  END IF;
  PERFORM pg_catalog.set_config('dbvsg.depth_1', pg_catalog.pg_trigger_depth()::pg_catalog.text, true);
  END IF;
  IF pg_catalog.current_setting('dbvsg.commit', true) OPERATOR(pg_catalog.<>) '' THEN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT x."a""b`c", x."select", x."data", 1, pg_catalog.current_setting('dbvsg.commit', true)::bigint, 'insert' FROM dbvsg_new x;
  ELSE WITH opened AS (INSERT INTO "public"."dbvsg_commit" (branch_id, actor, operation, message, written_at) SELECT 1, CASE WHEN pg_catalog.current_setting('dbvsg.actor', true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('dbvsg.actor', true) ELSE session_user END, 'EXTERNAL', CASE WHEN pg_catalog.current_setting('dbvsg.message', true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('dbvsg.message', true) END, (extract(epoch FROM pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000000)::bigint WHERE EXISTS (SELECT FROM dbvsg_new x) RETURNING id), noted AS MATERIALIZED (SELECT pg_catalog.set_config('dbvsg.commit', id::pg_catalog.text, true)::bigint AS id FROM opened) INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT x."a""b`c", x."select", x."data", 1, noted.id, 'insert' FROM noted, dbvsg_new x;
  END IF;
  RETURN NULL;
  END$function$;

CREATE OR REPLACE FUNCTION public.dbvsg_1_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$BEGIN IF pg_catalog.current_setting('dbvsg.commit', true) OPERATOR(pg_catalog.<>) '' THEN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT x."a""b`c", x."select", x."data", 1, pg_catalog.current_setting('dbvsg.commit', true)::bigint, 'delete' FROM "public"."order" x;
  ELSE WITH opened AS (INSERT INTO "public"."dbvsg_commit" (branch_id, actor, operation, message, written_at) SELECT 1, CASE WHEN pg_catalog.current_setting('dbvsg.actor', true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('dbvsg.actor', true) ELSE session_user END, 'EXTERNAL', CASE WHEN pg_catalog.current_setting('dbvsg.message', true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('dbvsg.message', true) END, (extract(epoch FROM pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000000)::bigint WHERE EXISTS (SELECT FROM "public"."order" x) RETURNING id), noted AS MATERIALIZED (SELECT pg_catalog.set_config('dbvsg.commit', id::pg_catalog.text, true)::bigint AS id FROM opened) INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT x."a""b`c", x."select", x."data", 1, noted.id, 'delete' FROM noted, "public"."order" x;
  END IF;
  RETURN NULL;
  END$function$;

CREATE OR REPLACE FUNCTION public.dbvsg_1_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$DECLARE vsg_old record;
  vsg_new record;
  BEGIN IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' THEN IF pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' AND pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.<) pg_catalog.current_setting('dbvsg.depth_1', true)::int THEN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN l."select" IS NULL THEN h."a""b`c" ELSE l."a""b`c" END, CASE WHEN l."select" IS NULL THEN h."select" ELSE l."select" END, CASE WHEN l."select" IS NULL THEN h."data" ELSE l."data" END, 1, "public"."dbvsg_current_commit"(), CASE WHEN l."select" IS NULL THEN 'delete' WHEN h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' THEN 'insert' ELSE 'update' END FROM (SELECT x."select", x."a""b`c" FROM dbvsg_old x UNION SELECT x."select", x."a""b`c" FROM dbvsg_new x) k(k0, k1) LEFT JOIN "public"."order" l ON l."select" OPERATOR(pg_catalog.=) k.k0 AND l."a""b`c" OPERATOR(pg_catalog.=) k.k1 LEFT JOIN LATERAL (SELECT * FROM "public"."order_history" v WHERE v."select" OPERATOR(pg_catalog.=) k.k0 AND v."a""b`c" OPERATOR(pg_catalog.=) k.k1 ORDER BY v.vsg_id DESC LIMIT 1) h ON true WHERE CASE WHEN l."select" IS NULL THEN h.vsg_op OPERATOR(pg_catalog.<>) 'delete' ELSE h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' OR ROW(h."a""b`c", h."select", h."data")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(l."a""b`c", l."select", l."data")::pg_catalog.record END;
  RETURN NULL;
  END IF;
  PERFORM pg_catalog.set_config('dbvsg.depth_1', pg_catalog.pg_trigger_depth()::pg_catalog.text, true);
  END IF;
  SELECT x.*, (SELECT true FROM dbvsg_old OFFSET 1 LIMIT 1) AS vsg_many INTO vsg_old FROM dbvsg_old x;
  IF NOT FOUND THEN RETURN NULL;
  END IF;
  IF vsg_old.vsg_many IS NULL THEN SELECT * INTO vsg_new FROM dbvsg_new;
  IF NOT (ROW(vsg_old."select", vsg_old."a""b`c")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(vsg_new."select", vsg_new."a""b`c")::pg_catalog.record) THEN IF ROW(vsg_old."a""b`c", vsg_old."select", vsg_old."data")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(vsg_new."a""b`c", vsg_new."select", vsg_new."data")::pg_catalog.record THEN IF pg_catalog.current_setting('dbvsg.commit', true) OPERATOR(pg_catalog.<>) '' THEN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT vsg_new."a""b`c", vsg_new."select", vsg_new."data", 1, pg_catalog.current_setting('dbvsg.commit', true)::bigint, 'update';
  ELSE WITH opened AS (INSERT INTO "public"."dbvsg_commit" (branch_id, actor, operation, message, written_at) SELECT 1, CASE WHEN pg_catalog.current_setting('dbvsg.actor', true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('dbvsg.actor', true) ELSE session_user END, 'EXTERNAL', CASE WHEN pg_catalog.current_setting('dbvsg.message', true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('dbvsg.message', true) END, (extract(epoch FROM pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000000)::bigint RETURNING id), noted AS MATERIALIZED (SELECT pg_catalog.set_config('dbvsg.commit', id::pg_catalog.text, true)::bigint AS id FROM opened) INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT vsg_new."a""b`c", vsg_new."select", vsg_new."data", 1, noted.id, 'update' FROM noted;
  END IF;
  END IF;
  RETURN NULL;
  END IF;
  END IF;
  INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN n."select" IS NULL THEN o."a""b`c" ELSE n."a""b`c" END, CASE WHEN n."select" IS NULL THEN o."select" ELSE n."select" END, CASE WHEN n."select" IS NULL THEN o."data" ELSE n."data" END, 1, "public"."dbvsg_current_commit"(), CASE WHEN n."select" IS NULL THEN 'delete' WHEN o."select" IS NULL THEN 'insert' ELSE 'update' END FROM dbvsg_old o FULL JOIN dbvsg_new n ON o."select" OPERATOR(pg_catalog.=) n."select" AND o."a""b`c" OPERATOR(pg_catalog.=) n."a""b`c" WHERE ROW(o."a""b`c", o."select", o."data")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(n."a""b`c", n."select", n."data")::pg_catalog.record;
  RETURN NULL;
  END$function$;

CREATE TRIGGER dbvsg_delete AFTER DELETE ON public."order" REFERENCING OLD TABLE AS dbvsg_old FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_delete();

CREATE TRIGGER dbvsg_insert AFTER INSERT ON public."order" REFERENCING NEW TABLE AS dbvsg_new FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_insert();

CREATE TRIGGER dbvsg_truncate BEFORE TRUNCATE ON public."order" FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_truncate();

CREATE TRIGGER dbvsg_update AFTER UPDATE ON public."order" REFERENCING OLD TABLE AS dbvsg_old NEW TABLE AS dbvsg_new FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_update();
