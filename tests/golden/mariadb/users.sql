CREATE TABLE `users_history` (`id` int(11), `name` text, `email` varchar(99), `last_seen` text, `deleted_at` text, `vsg_id` bigint(20), `vsg_branch` bigint(20), `vsg_begin` bigint(20), `vsg_end` bigint(20), `vsg_op` varchar(12));

CREATE INDEX `dbvsg_key` ON `users_history` (`id`);

CREATE INDEX `PRIMARY` ON `users_history` (`vsg_id`);

CREATE TRIGGER `dbvsg_1_delete` AFTER DELETE ON `users` FOR EACH ROW capture: BEGIN IF (@dbvsg_statement <=> @@timestamp AND SYSDATE(6) < @dbvsg_until) IS NOT TRUE THEN IF NOT @@in_transaction AND @dbvsg_own IS NULL AND @dbvsg_transaction IS NULL AND NOT (@dbvsg_statement <=> (@dbvsg_statement := @@timestamp)) THEN INSERT INTO dbvsg_pending (id, actor, operation, captured, written_at) VALUES (@dbvsg_commit := NEXTVAL(dbvsg_change), LEFT(USER(), CHAR_LENGTH(USER()) - LOCATE('@', REVERSE(USER()))), 'EXTERNAL', 1, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)));
  ELSE CALL dbvsg_begin();
  END IF;
  END IF;
  INSERT INTO `users_history` (`id`, `name`, `email`, `last_seen`, `deleted_at`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (OLD.`id`, OLD.`name`, OLD.`email`, OLD.`last_seen`, OLD.`deleted_at`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'delete');
  END;

CREATE TRIGGER `dbvsg_1_insert` AFTER INSERT ON `users` FOR EACH ROW capture: BEGIN IF (@dbvsg_statement <=> @@timestamp AND SYSDATE(6) < @dbvsg_until) IS NOT TRUE THEN IF NOT @@in_transaction AND @dbvsg_own IS NULL AND @dbvsg_transaction IS NULL AND NOT (@dbvsg_statement <=> (@dbvsg_statement := @@timestamp)) THEN INSERT INTO dbvsg_pending (id, actor, operation, captured, written_at) VALUES (@dbvsg_commit := NEXTVAL(dbvsg_change), LEFT(USER(), CHAR_LENGTH(USER()) - LOCATE('@', REVERSE(USER()))), 'EXTERNAL', 1, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)));
  ELSE CALL dbvsg_begin();
  END IF;
  END IF;
  INSERT INTO `users_history` (`id`, `name`, `email`, `last_seen`, `deleted_at`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (NEW.`id`, NEW.`name`, NEW.`email`, NEW.`last_seen`, NEW.`deleted_at`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'insert');
  END;

CREATE TRIGGER `dbvsg_1_update` AFTER UPDATE ON `users` FOR EACH ROW capture: BEGIN IF OLD.`id` <=> NEW.`id` AND CAST(OLD.`name` AS BINARY) <=> CAST(NEW.`name` AS BINARY) AND CAST(OLD.`email` AS BINARY) <=> CAST(NEW.`email` AS BINARY) AND CAST(OLD.`deleted_at` AS BINARY) <=> CAST(NEW.`deleted_at` AS BINARY) THEN LEAVE capture;
  END IF;
  IF NOT (OLD.`id` = NEW.`id`) THEN SELECT COUNT(*) = 0 INTO @dbvsg_done FROM `users` x WHERE x.`id` = OLD.`id`;
  IF NOT @dbvsg_done THEN LEAVE capture;
  END IF;
  ELSEIF NOT (CAST(OLD.`email` AS BINARY) <=> CAST(NEW.`email` AS BINARY)) THEN SELECT COUNT(*) INTO @dbvsg_done FROM `users` x WHERE x.`id` = NEW.`id` AND CAST(x.`email` AS BINARY) <=> CAST(NEW.`email` AS BINARY);
  IF NOT @dbvsg_done THEN LEAVE capture;
  END IF;
  END IF;
  IF (@dbvsg_statement <=> @@timestamp AND SYSDATE(6) < @dbvsg_until) IS NOT TRUE THEN IF NOT @@in_transaction AND @dbvsg_own IS NULL AND @dbvsg_transaction IS NULL AND NOT (@dbvsg_statement <=> (@dbvsg_statement := @@timestamp)) THEN INSERT INTO dbvsg_pending (id, actor, operation, captured, written_at) VALUES (@dbvsg_commit := NEXTVAL(dbvsg_change), LEFT(USER(), CHAR_LENGTH(USER()) - LOCATE('@', REVERSE(USER()))), 'EXTERNAL', 1, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)));
  ELSE CALL dbvsg_begin();
  END IF;
  END IF;
  IF OLD.`id` = NEW.`id` THEN INSERT INTO `users_history` (`id`, `name`, `email`, `last_seen`, `deleted_at`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (NEW.`id`, NEW.`name`, NEW.`email`, NEW.`last_seen`, NEW.`deleted_at`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, CASE WHEN OLD.`deleted_at` IS NULL AND NEW.`deleted_at` IS NOT NULL THEN 'soft_delete' WHEN OLD.`deleted_at` IS NOT NULL AND NEW.`deleted_at` IS NULL THEN 'restore' ELSE 'update' END);
  ELSE INSERT INTO `users_history` (`id`, `name`, `email`, `last_seen`, `deleted_at`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (OLD.`id`, OLD.`name`, OLD.`email`, OLD.`last_seen`, OLD.`deleted_at`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'delete');
  INSERT INTO `users_history` (`id`, `name`, `email`, `last_seen`, `deleted_at`, vsg_id, vsg_branch, vsg_begin, vsg_op) VALUES (NEW.`id`, NEW.`name`, NEW.`email`, NEW.`last_seen`, NEW.`deleted_at`, NEXTVAL(dbvsg_change), 1, @dbvsg_commit, 'insert');
  END IF;
  END;
