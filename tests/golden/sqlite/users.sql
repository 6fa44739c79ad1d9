CREATE INDEX "users_history_key" ON "users_history" ("id");

CREATE TABLE "users_history" ("id" INTEGER, "name" TEXT, "email" TEXT, "last_seen" TEXT, "deleted_at" TEXT, vsg_id INTEGER PRIMARY KEY, vsg_branch INTEGER, vsg_begin INTEGER, vsg_end INTEGER, vsg_op TEXT);

CREATE TRIGGER "dbvsg_users_before_insert" BEFORE INSERT ON "users" WHEN EXISTS (SELECT 1 FROM "users" u WHERE u."id" = NEW."id") OR EXISTS (SELECT 1 FROM "users" u WHERE u."email" = NEW."email") OR EXISTS (SELECT 1 FROM dbvsg_collision WHERE table_id = 1) BEGIN DELETE FROM dbvsg_collision WHERE table_id = 1;
  INSERT OR IGNORE INTO dbvsg_collision SELECT 1, (SELECT max(h.vsg_id) FROM "users_history" h WHERE h."id" = u."id") FROM "users" u WHERE u."id" = NEW."id";
  INSERT OR IGNORE INTO dbvsg_collision SELECT 1, (SELECT max(h.vsg_id) FROM "users_history" h WHERE h."id" = u."id") FROM "users" u WHERE u."email" = NEW."email";
  END;

CREATE TRIGGER "dbvsg_users_before_update" BEFORE UPDATE OF "email", "id" ON "users" WHEN EXISTS (SELECT 1 FROM "users" u WHERE u."id" = NEW."id" AND NOT (u."id" = OLD."id")) OR EXISTS (SELECT 1 FROM "users" u WHERE u."email" = NEW."email" AND NOT (u."id" = OLD."id")) OR EXISTS (SELECT 1 FROM dbvsg_collision WHERE table_id = 1) BEGIN DELETE FROM dbvsg_collision WHERE table_id = 1;
  INSERT OR IGNORE INTO dbvsg_collision SELECT 1, (SELECT max(h.vsg_id) FROM "users_history" h WHERE h."id" = u."id") FROM "users" u WHERE u."id" = NEW."id" AND NOT (u."id" = OLD."id");
  INSERT OR IGNORE INTO dbvsg_collision SELECT 1, (SELECT max(h.vsg_id) FROM "users_history" h WHERE h."id" = u."id") FROM "users" u WHERE u."email" = NEW."email" AND NOT (u."id" = OLD."id");
  END;

CREATE TRIGGER "dbvsg_users_delete" AFTER DELETE ON "users" BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) VALUES (OLD."id", OLD."name", OLD."email", OLD."last_seen", OLD."deleted_at", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), 'delete');
  END;

CREATE TRIGGER "dbvsg_users_insert" AFTER INSERT ON "users" WHEN NOT EXISTS (SELECT 1 FROM dbvsg_collision c JOIN "users_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND h."id" = NEW."id" AND NOT (h."id" IS NOT NEW."id" COLLATE BINARY OR h."name" IS NOT NEW."name" COLLATE BINARY OR h."email" IS NOT NEW."email" COLLATE BINARY OR h."deleted_at" IS NOT NEW."deleted_at" COLLATE BINARY)) BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) VALUES (NEW."id", NEW."name", NEW."email", NEW."last_seen", NEW."deleted_at", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), iif(EXISTS (SELECT 1 FROM dbvsg_collision c JOIN "users_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND h."id" = NEW."id"), 'update', 'insert'));
  END;

CREATE TRIGGER "dbvsg_users_moved" AFTER UPDATE OF "id" ON "users" WHEN NOT (OLD."id" = NEW."id") BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) VALUES (OLD."id", OLD."name", OLD."email", OLD."last_seen", OLD."deleted_at", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), 'delete');
  END;

CREATE TRIGGER "dbvsg_users_replaced_by_insert" AFTER INSERT ON "users" WHEN EXISTS (SELECT 1 FROM dbvsg_collision c JOIN "users_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND NOT EXISTS (SELECT 1 FROM "users" u WHERE u."id" = h."id") AND NOT EXISTS (SELECT 1 FROM "users_history" t WHERE t."id" = h."id" AND t.vsg_id > h.vsg_id)) BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) SELECT h."id", h."name", h."email", h."last_seen", h."deleted_at", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), 'delete' FROM dbvsg_collision c JOIN "users_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND NOT EXISTS (SELECT 1 FROM "users" u WHERE u."id" = h."id") AND NOT EXISTS (SELECT 1 FROM "users_history" t WHERE t."id" = h."id" AND t.vsg_id > h.vsg_id);
  END;

CREATE TRIGGER "dbvsg_users_replaced_by_update" AFTER UPDATE ON "users" WHEN EXISTS (SELECT 1 FROM dbvsg_collision c JOIN "users_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND NOT EXISTS (SELECT 1 FROM "users" u WHERE u."id" = h."id") AND NOT EXISTS (SELECT 1 FROM "users_history" t WHERE t."id" = h."id" AND t.vsg_id > h.vsg_id)) BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) SELECT h."id", h."name", h."email", h."last_seen", h."deleted_at", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), 'delete' FROM dbvsg_collision c JOIN "users_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND NOT EXISTS (SELECT 1 FROM "users" u WHERE u."id" = h."id") AND NOT EXISTS (SELECT 1 FROM "users_history" t WHERE t."id" = h."id" AND t.vsg_id > h.vsg_id);
  END;

CREATE TRIGGER "dbvsg_users_update" AFTER UPDATE ON "users" WHEN OLD."id" IS NOT NEW."id" COLLATE BINARY OR OLD."name" IS NOT NEW."name" COLLATE BINARY OR OLD."email" IS NOT NEW."email" COLLATE BINARY OR OLD."deleted_at" IS NOT NEW."deleted_at" COLLATE BINARY BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "users_history" ("id", "name", "email", "last_seen", "deleted_at", vsg_branch, vsg_begin, vsg_op) VALUES (NEW."id", NEW."name", NEW."email", NEW."last_seen", NEW."deleted_at", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), CASE WHEN NOT (OLD."id" = NEW."id") THEN 'insert' WHEN OLD."deleted_at" IS NULL AND NEW."deleted_at" IS NOT NULL THEN 'soft_delete' WHEN OLD."deleted_at" IS NOT NULL AND NEW."deleted_at" IS NULL THEN 'restore' ELSE 'update' END);
  END;
