CREATE TABLE `order_history` (`a"b`c` varchar(99), `select` int(11), `data` blob, `vsg_id` bigint(20), `vsg_branch` bigint(20), `vsg_begin` bigint(20), `vsg_end` bigint(20), `vsg_op` varchar(12));

CREATE INDEX `dbvsg_key` ON `order_history` (`select`, `a"b`c`);

CREATE INDEX `PRIMARY` ON `order_history` (`vsg_id`);

CREATE TRIGGER `dbvsg_1_delete` AFTER DELETE ON `order` FOR EACH ROW BEGIN IF NOT (@dbvsg_at <=> UTC_TIMESTAMP(6)) OR MICROSECOND(UTC_TIMESTAMP(6)) = 0 OR SYSDATE(6) > @dbvsg_until THEN CALL dbvsg_begin();
  END IF;
  INSERT INTO `order_history` (`a"b``c`, `select`, `data`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (OLD.`a"b``c`, OLD.`select`, OLD.`data`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'delete');
  END;

CREATE TRIGGER `dbvsg_1_insert` AFTER INSERT ON `order` FOR EACH ROW BEGIN IF NOT (@dbvsg_at <=> UTC_TIMESTAMP(6)) OR MICROSECOND(UTC_TIMESTAMP(6)) = 0 OR SYSDATE(6) > @dbvsg_until THEN CALL dbvsg_begin();
  END IF;
  INSERT INTO `order_history` (`a"b``c`, `select`, `data`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (NEW.`a"b``c`, NEW.`select`, NEW.`data`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'insert');
  END;

CREATE TRIGGER `dbvsg_1_update` AFTER UPDATE ON `order` FOR EACH ROW BEGIN DECLARE dbvsg_done INT DEFAULT 1;
  IF NOT (CAST(OLD.`a"b``c` AS BINARY) <=> CAST(NEW.`a"b``c` AS BINARY) AND OLD.`select` <=> NEW.`select` AND OLD.`data` <=> NEW.`data`) THEN IF NOT (OLD.`select` = NEW.`select` AND OLD.`a"b``c` = NEW.`a"b``c`) THEN SELECT COUNT(*) = 0 INTO dbvsg_done FROM `order` x WHERE x.`select` = OLD.`select` AND x.`a"b``c` = OLD.`a"b``c`;
  END IF;
  IF dbvsg_done THEN IF NOT (@dbvsg_at <=> UTC_TIMESTAMP(6)) OR MICROSECOND(UTC_TIMESTAMP(6)) = 0 OR SYSDATE(6) > @dbvsg_until THEN CALL dbvsg_begin();
  END IF;
  IF OLD.`select` = NEW.`select` AND OLD.`a"b``c` = NEW.`a"b``c` THEN INSERT INTO `order_history` (`a"b``c`, `select`, `data`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (NEW.`a"b``c`, NEW.`select`, NEW.`data`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'update');
  ELSE INSERT INTO `order_history` (`a"b``c`, `select`, `data`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (OLD.`a"b``c`, OLD.`select`, OLD.`data`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'delete');
  INSERT INTO `order_history` (`a"b``c`, `select`, `data`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (NEW.`a"b``c`, NEW.`select`, NEW.`data`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'insert');
  END IF;
  END IF;
  END IF;
  END;
