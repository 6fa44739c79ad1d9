CREATE TABLE `order_history` (`a"b`c` varchar(99), `select` int(11), `data` blob, `vsg_id` bigint(20), `vsg_branch` bigint(20), `vsg_begin` bigint(20), `vsg_end` bigint(20), `vsg_op` varchar(12));

CREATE INDEX `dbvsg_key` ON `order_history` (`select`, `a"b`c`);

CREATE INDEX `PRIMARY` ON `order_history` (`vsg_id`);

CREATE TRIGGER `dbvsg_1_delete` AFTER DELETE ON `order` FOR EACH ROW capture: BEGIN IF (@dbvsg_statement <=> @@timestamp AND SYSDATE(6) < @dbvsg_until) IS NOT TRUE THEN IF NOT @@in_transaction AND @dbvsg_own IS NULL AND @dbvsg_transaction IS NULL AND NOT (@dbvsg_statement <=> (@dbvsg_statement := @@timestamp)) THEN INSERT INTO dbvsg_pending (id, actor, operation, captured, written_at) VALUES (@dbvsg_commit := NEXTVAL(dbvsg_change), LEFT(USER(), CHAR_LENGTH(USER()) - LOCATE('@', REVERSE(USER()))), 'EXTERNAL', 1, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)));
  ELSE CALL dbvsg_begin();
  END IF;
  END IF;
  INSERT INTO `order_history` (`a"b``c`, `select`, `data`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (OLD.`a"b``c`, OLD.`select`, OLD.`data`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'delete');
  END;

CREATE TRIGGER `dbvsg_1_insert` AFTER INSERT ON `order` FOR EACH ROW capture: BEGIN IF (@dbvsg_statement <=> @@timestamp AND SYSDATE(6) < @dbvsg_until) IS NOT TRUE THEN IF NOT @@in_transaction AND @dbvsg_own IS NULL AND @dbvsg_transaction IS NULL AND NOT (@dbvsg_statement <=> (@dbvsg_statement := @@timestamp)) THEN INSERT INTO dbvsg_pending (id, actor, operation, captured, written_at) VALUES (@dbvsg_commit := NEXTVAL(dbvsg_change), LEFT(USER(), CHAR_LENGTH(USER()) - LOCATE('@', REVERSE(USER()))), 'EXTERNAL', 1, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)));
  ELSE CALL dbvsg_begin();
  END IF;
  END IF;
  INSERT INTO `order_history` (`a"b``c`, `select`, `data`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (NEW.`a"b``c`, NEW.`select`, NEW.`data`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'insert');
  END;

CREATE TRIGGER `dbvsg_1_update` AFTER UPDATE ON `order` FOR EACH ROW capture: BEGIN IF CAST(OLD.`a"b``c` AS BINARY) <=> CAST(NEW.`a"b``c` AS BINARY) AND OLD.`select` <=> NEW.`select` AND OLD.`data` <=> NEW.`data` THEN LEAVE capture;
  END IF;
  IF NOT (OLD.`select` = NEW.`select` AND OLD.`a"b``c` = NEW.`a"b``c`) THEN SELECT COUNT(*) = 0 INTO @dbvsg_done FROM `order` x WHERE x.`select` = OLD.`select` AND x.`a"b``c` = OLD.`a"b``c`;
  IF NOT @dbvsg_done THEN LEAVE capture;
  END IF;
  END IF;
  IF (@dbvsg_statement <=> @@timestamp AND SYSDATE(6) < @dbvsg_until) IS NOT TRUE THEN IF NOT @@in_transaction AND @dbvsg_own IS NULL AND @dbvsg_transaction IS NULL AND NOT (@dbvsg_statement <=> (@dbvsg_statement := @@timestamp)) THEN INSERT INTO dbvsg_pending (id, actor, operation, captured, written_at) VALUES (@dbvsg_commit := NEXTVAL(dbvsg_change), LEFT(USER(), CHAR_LENGTH(USER()) - LOCATE('@', REVERSE(USER()))), 'EXTERNAL', 1, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)));
  ELSE CALL dbvsg_begin();
  END IF;
  END IF;
  IF OLD.`select` = NEW.`select` AND OLD.`a"b``c` = NEW.`a"b``c` THEN INSERT INTO `order_history` (`a"b``c`, `select`, `data`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (NEW.`a"b``c`, NEW.`select`, NEW.`data`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'update');
  ELSE INSERT INTO `order_history` (`a"b``c`, `select`, `data`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (OLD.`a"b``c`, OLD.`select`, OLD.`data`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'delete');
  INSERT INTO `order_history` (`a"b``c`, `select`, `data`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (NEW.`a"b``c`, NEW.`select`, NEW.`data`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'insert');
  END IF;
  END;
