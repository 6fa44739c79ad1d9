CREATE TABLE order_history ("a""b`c" character varying, "select" integer, data bytea, vsg_branch bigint, vsg_begin bigint, vsg_id bigint, vsg_end bigint, vsg_op text);

CREATE UNIQUE INDEX order_history_pkey ON public.order_history USING btree (vsg_id);

CREATE INDEX "order_history_select_a""b`c_vsg_id_idx" ON public.order_history USING btree ("select", "a""b`c", vsg_id);

CREATE OR REPLACE FUNCTION public.dbvsg_1_delete()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$BEGIN IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' THEN IF pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' AND pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.<) pg_catalog.current_setting('dbvsg.depth_1', true)::int THEN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN l."select" IS NULL THEN h."a""b`c" ELSE l."a""b`c" END, CASE WHEN l."select" IS NULL THEN h."select" ELSE l."select" END, CASE WHEN l."select" IS NULL THEN h."data" ELSE l."data" END, 1, (SELECT "public"."dbvsg_current_commit"()), CASE WHEN l."select" IS NULL THEN 'delete' WHEN h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' THEN 'insert' ELSE 'update' END FROM (SELECT x."select", x."a""b`c" FROM dbvsg_old x) k(k0, k1) LEFT JOIN "public"."order" l ON l."select" OPERATOR(pg_catalog.=) k.k0 AND l."a""b`c" OPERATOR(pg_catalog.=) k.k1 LEFT JOIN LATERAL (SELECT * FROM "public"."order_history" v WHERE v."select" OPERATOR(pg_catalog.=) k.k0 AND v."a""b`c" OPERATOR(pg_catalog.=) k.k1 ORDER BY v.vsg_id DESC LIMIT 1) h ON true WHERE CASE WHEN l."select" IS NULL THEN h.vsg_op OPERATOR(pg_catalog.<>) 'delete' ELSE h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' OR ROW(h."a""b`c", h."select", h."data")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(l."a""b`c", l."select", l."data")::pg_catalog.record END;
  RETURN NULL;
  END IF;
  PERFORM pg_catalog.set_config('dbvsg.depth_1', pg_catalog.pg_trigger_depth()::pg_catalog.text, true);
  END IF;
  INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT x."a""b`c", x."select", x."data", 1, (SELECT "public"."dbvsg_current_commit"()), 'delete' FROM dbvsg_old x;
  RETURN NULL;
  END$function$;

CREATE OR REPLACE FUNCTION public.dbvsg_1_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$BEGIN IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' THEN IF pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' AND pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.<) pg_catalog.current_setting('dbvsg.depth_1', true)::int THEN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN l."select" IS NULL THEN h."a""b`c" ELSE l."a""b`c" END, CASE WHEN l."select" IS NULL THEN h."select" ELSE l."select" END, CASE WHEN l."select" IS NULL THEN h."data" ELSE l."data" END, 1, (SELECT "public"."dbvsg_current_commit"()), CASE WHEN l."select" IS NULL THEN 'delete' WHEN h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' THEN 'insert' ELSE 'update' END FROM (SELECT x."select", x."a""b`c" FROM dbvsg_new x) k(k0, k1) LEFT JOIN "public"."order" l ON l."select" OPERATOR(pg_catalog.=) k.k0 AND l."a""b`c" OPERATOR(pg_catalog.=) k.k1 LEFT JOIN LATERAL (SELECT * FROM "public"."order_history" v WHERE v."select" OPERATOR(pg_catalog.=) k.k0 AND v."a""b`c" OPERATOR(pg_catalog.=) k.k1 ORDER BY v.vsg_id DESC LIMIT 1) h ON true WHERE CASE WHEN l."select" IS NULL THEN h.vsg_op OPERATOR(pg_catalog.<>) 'delete' ELSE h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' OR ROW(h."a""b`c", h."select", h."data")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(l."a""b`c", l."select", l."data")::pg_catalog.record END;
  RETURN NULL;
  END IF;
  PERFORM pg_catalog.set_config('dbvsg.depth_1', pg_catalog.pg_trigger_depth()::pg_catalog.text, true);
  END IF;
  INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT x."a""b`c", x."select", x."data", 1, (SELECT "public"."dbvsg_current_commit"()), 'insert' FROM dbvsg_new x;
  RETURN NULL;
  END$function$;

CREATE OR REPLACE FUNCTION public.dbvsg_1_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$BEGIN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT x."a""b`c", x."select", x."data", 1, (SELECT "public"."dbvsg_current_commit"()), 'delete' FROM "public"."order" x;
  RETURN NULL;
  END$function$;

CREATE OR REPLACE FUNCTION public.dbvsg_1_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$DECLARE vsg_pair record;
  vsg_many boolean;
  BEGIN IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' THEN IF pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' AND pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.<) pg_catalog.current_setting('dbvsg.depth_1', true)::int THEN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN l."select" IS NULL THEN h."a""b`c" ELSE l."a""b`c" END, CASE WHEN l."select" IS NULL THEN h."select" ELSE l."select" END, CASE WHEN l."select" IS NULL THEN h."data" ELSE l."data" END, 1, (SELECT "public"."dbvsg_current_commit"()), CASE WHEN l."select" IS NULL THEN 'delete' WHEN h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' THEN 'insert' ELSE 'update' END FROM (SELECT x."select", x."a""b`c" FROM dbvsg_old x UNION SELECT x."select", x."a""b`c" FROM dbvsg_new x) k(k0, k1) LEFT JOIN "public"."order" l ON l."select" OPERATOR(pg_catalog.=) k.k0 AND l."a""b`c" OPERATOR(pg_catalog.=) k.k1 LEFT JOIN LATERAL (SELECT * FROM "public"."order_history" v WHERE v."select" OPERATOR(pg_catalog.=) k.k0 AND v."a""b`c" OPERATOR(pg_catalog.=) k.k1 ORDER BY v.vsg_id DESC LIMIT 1) h ON true WHERE CASE WHEN l."select" IS NULL THEN h.vsg_op OPERATOR(pg_catalog.<>) 'delete' ELSE h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' OR ROW(h."a""b`c", h."select", h."data")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(l."a""b`c", l."select", l."data")::pg_catalog.record END;
  RETURN NULL;
  END IF;
  PERFORM pg_catalog.set_config('dbvsg.depth_1', pg_catalog.pg_trigger_depth()::pg_catalog.text, true);
  END IF;
  FOR vsg_pair IN SELECT o."select" OPERATOR(pg_catalog.=) n."select" AND o."a""b`c" OPERATOR(pg_catalog.=) n."a""b`c" AS same, ROW(o."a""b`c", o."select", o."data")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(n."a""b`c", n."select", n."data")::pg_catalog.record AS changed FROM dbvsg_old o, dbvsg_new n LOOP vsg_many := vsg_many IS NOT NULL;
  EXIT WHEN vsg_many;
  END LOOP;
  IF vsg_many IS NULL THEN RETURN NULL;
  END IF;
  IF NOT vsg_many AND vsg_pair.same THEN IF vsg_pair.changed THEN INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT n."a""b`c", n."select", n."data", 1, (SELECT "public"."dbvsg_current_commit"()), 'update' FROM dbvsg_new n;
  END IF;
  ELSE INSERT INTO "public"."order_history" ("a""b`c", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN n."select" IS NULL THEN o."a""b`c" ELSE n."a""b`c" END, CASE WHEN n."select" IS NULL THEN o."select" ELSE n."select" END, CASE WHEN n."select" IS NULL THEN o."data" ELSE n."data" END, 1, (SELECT "public"."dbvsg_current_commit"()), CASE WHEN n."select" IS NULL THEN 'delete' WHEN o."select" IS NULL THEN 'insert' ELSE 'update' END FROM dbvsg_old o FULL JOIN dbvsg_new n ON o."select" OPERATOR(pg_catalog.=) n."select" AND o."a""b`c" OPERATOR(pg_catalog.=) n."a""b`c" WHERE ROW(o."a""b`c", o."select", o."data")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(n."a""b`c", n."select", n."data")::pg_catalog.record;
  END IF;
  RETURN NULL;
  END$function$;

CREATE TRIGGER dbvsg_delete AFTER DELETE ON public."order" REFERENCING OLD TABLE AS dbvsg_old FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_delete();

CREATE TRIGGER dbvsg_insert AFTER INSERT ON public."order" REFERENCING NEW TABLE AS dbvsg_new FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_insert();

CREATE TRIGGER dbvsg_truncate BEFORE TRUNCATE ON public."order" FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_truncate();

CREATE TRIGGER dbvsg_update AFTER UPDATE ON public."order" REFERENCING OLD TABLE AS dbvsg_old NEW TABLE AS dbvsg_new FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_update();
