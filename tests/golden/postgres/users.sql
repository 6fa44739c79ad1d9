CREATE TABLE users_history (id integer, name text, email character varying, last_seen text, deleted_at text, vsg_branch bigint, vsg_begin bigint, vsg_id bigint, vsg_end bigint, vsg_op text);

CREATE INDEX users_history_id_vsg_id_idx ON public.users_history USING btree (id, vsg_id);

CREATE UNIQUE INDEX users_history_pkey ON public.users_history USING btree (vsg_id);

CREATE OR REPLACE FUNCTION public.dbvsg_1_delete()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$BEGIN IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' THEN IF pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' AND pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.<) pg_catalog.current_setting('dbvsg.depth_1', true)::int THEN INSERT INTO "public"."users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN l."id" IS NULL THEN h."id" ELSE l."id" END, CASE WHEN l."id" IS NULL THEN h."name" ELSE l."name" END, CASE WHEN l."id" IS NULL THEN h."email" ELSE l."email" END, CASE WHEN l."id" IS NULL THEN h."last_seen" ELSE l."last_seen" END, CASE WHEN l."id" IS NULL THEN h."deleted_at" ELSE l."deleted_at" END, 1, (SELECT "public"."dbvsg_current_commit"()), CASE WHEN l."id" IS NULL THEN 'delete' WHEN h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' THEN 'insert' ELSE CASE WHEN h."deleted_at" IS NULL AND l."deleted_at" IS NOT NULL THEN 'soft_delete' WHEN h."deleted_at" IS NOT NULL AND l."deleted_at" IS NULL THEN 'restore' ELSE 'update' END END FROM (SELECT x."id" FROM dbvsg_old x) k(k0) LEFT JOIN "public"."users" l ON l."id" OPERATOR(pg_catalog.=) k.k0 LEFT JOIN LATERAL (SELECT * FROM "public"."users_history" v WHERE v."id" OPERATOR(pg_catalog.=) k.k0 ORDER BY v.vsg_id DESC LIMIT 1) h ON true WHERE CASE WHEN l."id" IS NULL THEN h.vsg_op OPERATOR(pg_catalog.<>) 'delete' ELSE h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' OR ROW(h."id", h."name", h."email", h."deleted_at")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(l."id", l."name", l."email", l."deleted_at")::pg_catalog.record END;
  RETURN NULL;
  END IF;
  PERFORM pg_catalog.set_config('dbvsg.depth_1', pg_catalog.pg_trigger_depth()::pg_catalog.text, true);
  END IF;
  INSERT INTO "public"."users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) SELECT x."id", x."name", x."email", x."last_seen", x."deleted_at", 1, (SELECT "public"."dbvsg_current_commit"()), 'delete' FROM dbvsg_old x;
  RETURN NULL;
  END$function$;

CREATE OR REPLACE FUNCTION public.dbvsg_1_insert()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$BEGIN IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' THEN IF pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' AND pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.<) pg_catalog.current_setting('dbvsg.depth_1', true)::int THEN INSERT INTO "public"."users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN l."id" IS NULL THEN h."id" ELSE l."id" END, CASE WHEN l."id" IS NULL THEN h."name" ELSE l."name" END, CASE WHEN l."id" IS NULL THEN h."email" ELSE l."email" END, CASE WHEN l."id" IS NULL THEN h."last_seen" ELSE l."last_seen" END, CASE WHEN l."id" IS NULL THEN h."deleted_at" ELSE l."deleted_at" END, 1, (SELECT "public"."dbvsg_current_commit"()), CASE WHEN l."id" IS NULL THEN 'delete' WHEN h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' THEN 'insert' ELSE CASE WHEN h."deleted_at" IS NULL AND l."deleted_at" IS NOT NULL THEN 'soft_delete' WHEN h."deleted_at" IS NOT NULL AND l."deleted_at" IS NULL THEN 'restore' ELSE 'update' END END FROM (SELECT x."id" FROM dbvsg_new x) k(k0) LEFT JOIN "public"."users" l ON l."id" OPERATOR(pg_catalog.=) k.k0 LEFT JOIN LATERAL (SELECT * FROM "public"."users_history" v WHERE v."id" OPERATOR(pg_catalog.=) k.k0 ORDER BY v.vsg_id DESC LIMIT 1) h ON true WHERE CASE WHEN l."id" IS NULL THEN h.vsg_op OPERATOR(pg_catalog.<>) 'delete' ELSE h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' OR ROW(h."id", h."name", h."email", h."deleted_at")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(l."id", l."name", l."email", l."deleted_at")::pg_catalog.record END;
  RETURN NULL;
  END IF;
  PERFORM pg_catalog.set_config('dbvsg.depth_1', pg_catalog.pg_trigger_depth()::pg_catalog.text, true);
  END IF;
  INSERT INTO "public"."users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) SELECT x."id", x."name", x."email", x."last_seen", x."deleted_at", 1, (SELECT "public"."dbvsg_current_commit"()), 'insert' FROM dbvsg_new x;
  RETURN NULL;
  END$function$;

CREATE OR REPLACE FUNCTION public.dbvsg_1_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$BEGIN INSERT INTO "public"."users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) SELECT x."id", x."name", x."email", x."last_seen", x."deleted_at", 1, (SELECT "public"."dbvsg_current_commit"()), 'delete' FROM "public"."users" x;
  RETURN NULL;
  END$function$;

CREATE OR REPLACE FUNCTION public.dbvsg_1_update()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$DECLARE vsg_pair record;
  vsg_many boolean;
  BEGIN IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' THEN IF pg_catalog.current_setting('dbvsg.depth_1', true) OPERATOR(pg_catalog.<>) '' AND pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.<) pg_catalog.current_setting('dbvsg.depth_1', true)::int THEN INSERT INTO "public"."users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN l."id" IS NULL THEN h."id" ELSE l."id" END, CASE WHEN l."id" IS NULL THEN h."name" ELSE l."name" END, CASE WHEN l."id" IS NULL THEN h."email" ELSE l."email" END, CASE WHEN l."id" IS NULL THEN h."last_seen" ELSE l."last_seen" END, CASE WHEN l."id" IS NULL THEN h."deleted_at" ELSE l."deleted_at" END, 1, (SELECT "public"."dbvsg_current_commit"()), CASE WHEN l."id" IS NULL THEN 'delete' WHEN h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' THEN 'insert' ELSE CASE WHEN h."deleted_at" IS NULL AND l."deleted_at" IS NOT NULL THEN 'soft_delete' WHEN h."deleted_at" IS NOT NULL AND l."deleted_at" IS NULL THEN 'restore' ELSE 'update' END END FROM (SELECT x."id" FROM dbvsg_old x UNION SELECT x."id" FROM dbvsg_new x) k(k0) LEFT JOIN "public"."users" l ON l."id" OPERATOR(pg_catalog.=) k.k0 LEFT JOIN LATERAL (SELECT * FROM "public"."users_history" v WHERE v."id" OPERATOR(pg_catalog.=) k.k0 ORDER BY v.vsg_id DESC LIMIT 1) h ON true WHERE CASE WHEN l."id" IS NULL THEN h.vsg_op OPERATOR(pg_catalog.<>) 'delete' ELSE h.vsg_id IS NULL OR h.vsg_op OPERATOR(pg_catalog.=) 'delete' OR ROW(h."id", h."name", h."email", h."deleted_at")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(l."id", l."name", l."email", l."deleted_at")::pg_catalog.record END;
  RETURN NULL;
  END IF;
  PERFORM pg_catalog.set_config('dbvsg.depth_1', pg_catalog.pg_trigger_depth()::pg_catalog.text, true);
  END IF;
  FOR vsg_pair IN SELECT o."id" OPERATOR(pg_catalog.=) n."id" AS same, ROW(o."id", o."name", o."email", o."deleted_at")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(n."id", n."name", n."email", n."deleted_at")::pg_catalog.record AS changed FROM dbvsg_old o, dbvsg_new n LOOP vsg_many := vsg_many IS NOT NULL;
  EXIT WHEN vsg_many;
  END LOOP;
  IF vsg_many IS NULL THEN RETURN NULL;
  END IF;
  IF NOT vsg_many AND vsg_pair.same THEN IF vsg_pair.changed THEN INSERT INTO "public"."users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) SELECT n."id", n."name", n."email", n."last_seen", n."deleted_at", 1, (SELECT "public"."dbvsg_current_commit"()), CASE WHEN o."deleted_at" IS NULL AND n."deleted_at" IS NOT NULL THEN 'soft_delete' WHEN o."deleted_at" IS NOT NULL AND n."deleted_at" IS NULL THEN 'restore' ELSE 'update' END FROM dbvsg_new n, dbvsg_old o;
  END IF;
  ELSE INSERT INTO "public"."users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) SELECT CASE WHEN n."id" IS NULL THEN o."id" ELSE n."id" END, CASE WHEN n."id" IS NULL THEN o."name" ELSE n."name" END, CASE WHEN n."id" IS NULL THEN o."email" ELSE n."email" END, CASE WHEN n."id" IS NULL THEN o."last_seen" ELSE n."last_seen" END, CASE WHEN n."id" IS NULL THEN o."deleted_at" ELSE n."deleted_at" END, 1, (SELECT "public"."dbvsg_current_commit"()), CASE WHEN n."id" IS NULL THEN 'delete' WHEN o."id" IS NULL THEN 'insert' ELSE CASE WHEN o."deleted_at" IS NULL AND n."deleted_at" IS NOT NULL THEN 'soft_delete' WHEN o."deleted_at" IS NOT NULL AND n."deleted_at" IS NULL THEN 'restore' ELSE 'update' END END FROM dbvsg_old o FULL JOIN dbvsg_new n ON o."id" OPERATOR(pg_catalog.=) n."id" WHERE ROW(o."id", o."name", o."email", o."deleted_at")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(n."id", n."name", n."email", n."deleted_at")::pg_catalog.record;
  END IF;
  RETURN NULL;
  END$function$;

CREATE TRIGGER dbvsg_delete AFTER DELETE ON public.users REFERENCING OLD TABLE AS dbvsg_old FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_delete();

CREATE TRIGGER dbvsg_insert AFTER INSERT ON public.users REFERENCING NEW TABLE AS dbvsg_new FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_insert();

CREATE TRIGGER dbvsg_truncate BEFORE TRUNCATE ON public.users FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_truncate();

CREATE TRIGGER dbvsg_update AFTER UPDATE ON public.users REFERENCING OLD TABLE AS dbvsg_old NEW TABLE AS dbvsg_new FOR EACH STATEMENT EXECUTE FUNCTION dbvsg_1_update();
