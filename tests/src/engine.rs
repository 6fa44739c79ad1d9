use std::time::Duration;

use dbvsg::sea_orm::DbBackend;

/// A database engine, and what a scenario must know of its dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file in a folder.
    Sqlite,
    /// A database on the server of `DBVSG_TEST_POSTGRES_URL`.
    Postgres,
    /// A database on the server of `DBVSG_TEST_MYSQL_URL`.
    MariaDb,
}

impl Engine {
    /// What is one thing on SQLite, another on PostgreSQL and a third on MariaDB.
    pub fn pick<T>(self, sqlite: T, postgres: T, mariadb: T) -> T {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
            Self::MariaDb => mariadb,
        }
    }

    /// As reports and folders name it.
    pub fn name(self) -> &'static str {
        self.pick("sqlite", "postgres", "mariadb")
    }

    /// As SeaORM names it.
    pub fn backend(self) -> DbBackend {
        self.pick(DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql)
    }

    /// Quotes an identifier.
    pub fn quote(self, identifier: &str) -> String {
        match self {
            Self::MariaDb => format!("`{}`", identifier.replace('`', "``")),
            _ => format!("\"{}\"", identifier.replace('"', "\"\"")),
        }
    }

    /// The placeholder of the bound value at a position, counted from 1.
    pub fn placeholder(self, position: usize) -> String {
        self.pick("?".into(), format!("${position}"), "?".into())
    }

    /// The column definition of a key that the database gives out.
    pub fn auto_key(self) -> &'static str {
        self.pick("INTEGER PRIMARY KEY", "SERIAL PRIMARY KEY", "INTEGER AUTO_INCREMENT PRIMARY KEY")
    }

    /// The type of bytes.
    pub fn blob(self) -> &'static str {
        self.pick("BLOB", "BYTEA", "BLOB")
    }

    /// Bytes, written in hexadecimal digits, as a literal.
    pub fn bytes(self, hex: &str) -> String {
        match self {
            Self::Postgres => format!("'\\x{hex}'::bytea"),
            _ => format!("x'{hex}'"),
        }
    }

    /// An insert of one row that does nothing if its key `id` is there.
    pub fn insert_or_ignore(self, table: &str, values: &str) -> String {
        let (verb, end) =
            self.pick(("INSERT OR IGNORE", ""), ("INSERT", " ON CONFLICT DO NOTHING"), ("INSERT IGNORE", ""));
        format!("{verb} INTO {table} VALUES ({values}){end}")
    }

    /// An insert of one row that sets one column if its key `id` is there.
    pub fn upsert(self, table: &str, values: &str, column: &str) -> String {
        match self {
            Self::MariaDb => {
                format!("INSERT INTO {table} VALUES ({values}) ON DUPLICATE KEY UPDATE {column} = VALUES({column})")
            }
            _ => format!(
                "INSERT INTO {table} VALUES ({values}) ON CONFLICT (id) DO UPDATE SET {column} = excluded.{column}"
            ),
        }
    }

    /// The URL of the server on which scenarios make their databases.
    pub(crate) fn server(self) -> String {
        let variable = self.pick("", "DBVSG_TEST_POSTGRES_URL", "DBVSG_TEST_MYSQL_URL");
        std::env::var(variable).unwrap_or_else(|_| {
            panic!("{variable} is not set: scripts/test starts a server and sets it; `cargo test sqlite` needs none")
        })
    }
}

/// Makes a test of each scenario on each engine: `sqlite::name`, `postgres::name` and `mariadb::name`. A scenario is a
/// function that takes the engine; one that is not listed is dead code, which the compiler tells. For one engine alone:
/// `scenarios!(Sqlite: name)`.
#[macro_export]
macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        $crate::scenarios!(@module sqlite Sqlite $($name)+);
        $crate::scenarios!(@module postgres Postgres $($name)+);
        $crate::scenarios!(@module mariadb MariaDb $($name)+);
    };
    (Sqlite: $($name:ident),+ $(,)?) => {
        $crate::scenarios!(@module sqlite_only Sqlite $($name)+);
    };
    (Postgres: $($name:ident),+ $(,)?) => {
        $crate::scenarios!(@module postgres_only Postgres $($name)+);
    };
    (MariaDb: $($name:ident),+ $(,)?) => {
        $crate::scenarios!(@module mariadb_only MariaDb $($name)+);
    };
    (@module $module:ident $engine:ident $($name:ident)+) => {
        mod $module {
            $(#[test]
            fn $name() {
                $crate::play(super::$name($crate::Engine::$engine));
            })+
        }
    };
}

/// How long a scenario may take. The longest writes for a minute.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs a scenario to its end. One that hangs fails, so that the others run.
pub fn play(scenario: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, scenario).await });
    ended.unwrap_or_else(|_| panic!("it did not end within {PATIENCE:?}"));
}
