CREATE INDEX "order_history_key" ON "order_history" ("select", "a""b");

CREATE TABLE "order_history" ("a""b" TEXT, "select" INTEGER, "data" , vsg_id INTEGER PRIMARY KEY, vsg_branch INTEGER, vsg_begin INTEGER, vsg_end INTEGER, vsg_op TEXT);

CREATE TRIGGER "dbvsg_order_before_insert" BEFORE INSERT ON "order" WHEN EXISTS (SELECT 1 FROM "order" u WHERE u."select" = NEW."select" AND u."a""b" = NEW."a""b") OR EXISTS (SELECT 1 FROM dbvsg_collision WHERE table_id = 1) BEGIN DELETE FROM dbvsg_collision WHERE table_id = 1;
  INSERT OR IGNORE INTO dbvsg_collision SELECT 1, (SELECT max(h.vsg_id) FROM "order_history" h WHERE h."select" = u."select" AND h."a""b" = u."a""b") FROM "order" u WHERE u."select" = NEW."select" AND u."a""b" = NEW."a""b";
  END;

CREATE TRIGGER "dbvsg_order_before_update" BEFORE UPDATE OF "a""b", "select" ON "order" WHEN EXISTS (SELECT 1 FROM "order" u WHERE u."select" = NEW."select" AND u."a""b" = NEW."a""b" AND NOT (u."select" = OLD."select" AND u."a""b" = OLD."a""b")) OR EXISTS (SELECT 1 FROM dbvsg_collision WHERE table_id = 1) BEGIN DELETE FROM dbvsg_collision WHERE table_id = 1;
  INSERT OR IGNORE INTO dbvsg_collision SELECT 1, (SELECT max(h.vsg_id) FROM "order_history" h WHERE h."select" = u."select" AND h."a""b" = u."a""b") FROM "order" u WHERE u."select" = NEW."select" AND u."a""b" = NEW."a""b" AND NOT (u."select" = OLD."select" AND u."a""b" = OLD."a""b");
  END;

CREATE TRIGGER "dbvsg_order_delete" AFTER DELETE ON "order" BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "order_history" ("a""b", "select", "data", vsg_branch, vsg_begin, vsg_op) VALUES (OLD."a""b", OLD."select", OLD."data", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), 'delete');
  END;

CREATE TRIGGER "dbvsg_order_insert" AFTER INSERT ON "order" WHEN NOT EXISTS (SELECT 1 FROM dbvsg_collision c JOIN "order_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND h."select" = NEW."select" AND h."a""b" = NEW."a""b" AND NOT (h."a""b" IS NOT NEW."a""b" COLLATE BINARY OR h."select" IS NOT NEW."select" COLLATE BINARY OR (h."data" IS NOT NEW."data" COLLATE BINARY OR typeof(h."data") <> typeof(NEW."data")))) BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "order_history" ("a""b", "select", "data", vsg_branch, vsg_begin, vsg_op) VALUES (NEW."a""b", NEW."select", NEW."data", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), iif(EXISTS (SELECT 1 FROM dbvsg_collision c JOIN "order_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND h."select" = NEW."select" AND h."a""b" = NEW."a""b"), 'update', 'insert'));
  END;

CREATE TRIGGER "dbvsg_order_moved" AFTER UPDATE OF "select", "a""b" ON "order" WHEN NOT (OLD."select" = NEW."select" AND OLD."a""b" = NEW."a""b") BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "order_history" ("a""b", "select", "data", vsg_branch, vsg_begin, vsg_op) VALUES (OLD."a""b", OLD."select", OLD."data", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), 'delete');
  END;

CREATE TRIGGER "dbvsg_order_replaced_by_insert" AFTER INSERT ON "order" WHEN EXISTS (SELECT 1 FROM dbvsg_collision c JOIN "order_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND NOT EXISTS (SELECT 1 FROM "order" u WHERE u."select" = h."select" AND u."a""b" = h."a""b") AND NOT EXISTS (SELECT 1 FROM "order_history" t WHERE t."select" = h."select" AND t."a""b" = h."a""b" AND t.vsg_id > h.vsg_id)) BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "order_history" ("a""b", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT h."a""b", h."select", h."data", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), 'delete' FROM dbvsg_collision c JOIN "order_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND NOT EXISTS (SELECT 1 FROM "order" u WHERE u."select" = h."select" AND u."a""b" = h."a""b") AND NOT EXISTS (SELECT 1 FROM "order_history" t WHERE t."select" = h."select" AND t."a""b" = h."a""b" AND t.vsg_id > h.vsg_id);
  END;

CREATE TRIGGER "dbvsg_order_replaced_by_update" AFTER UPDATE ON "order" WHEN EXISTS (SELECT 1 FROM dbvsg_collision c JOIN "order_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND NOT EXISTS (SELECT 1 FROM "order" u WHERE u."select" = h."select" AND u."a""b" = h."a""b") AND NOT EXISTS (SELECT 1 FROM "order_history" t WHERE t."select" = h."select" AND t."a""b" = h."a""b" AND t.vsg_id > h.vsg_id)) BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "order_history" ("a""b", "select", "data", vsg_branch, vsg_begin, vsg_op) SELECT h."a""b", h."select", h."data", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), 'delete' FROM dbvsg_collision c JOIN "order_history" h ON h.vsg_id = c.change_id WHERE c.table_id = 1 AND NOT EXISTS (SELECT 1 FROM "order" u WHERE u."select" = h."select" AND u."a""b" = h."a""b") AND NOT EXISTS (SELECT 1 FROM "order_history" t WHERE t."select" = h."select" AND t."a""b" = h."a""b" AND t.vsg_id > h.vsg_id);
  END;

CREATE TRIGGER "dbvsg_order_update" AFTER UPDATE ON "order" WHEN OLD."a""b" IS NOT NEW."a""b" COLLATE BINARY OR OLD."select" IS NOT NEW."select" COLLATE BINARY OR (OLD."data" IS NOT NEW."data" COLLATE BINARY OR typeof(OLD."data") <> typeof(NEW."data")) BEGIN INSERT INTO dbvsg_open SELECT 1 FROM dbvsg_context x WHERE x.id = (SELECT min(id) FROM dbvsg_context) AND (x.commit_id IS NULL OR (x.id = 1 AND x.last_moment <> CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000));
  INSERT INTO "order_history" ("a""b", "select", "data", vsg_branch, vsg_begin, vsg_op) VALUES (NEW."a""b", NEW."select", NEW."data", 1, (SELECT commit_id FROM dbvsg_context ORDER BY id LIMIT 1), iif(NOT (OLD."select" = NEW."select" AND OLD."a""b" = NEW."a""b"), 'insert', 'update'));
  END;
