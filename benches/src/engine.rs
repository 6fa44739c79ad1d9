use std::fmt;

use clap::ValueEnum;
use dbvsg::Synchronous;
use sea_orm::DbBackend;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A database engine that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Files in a folder.
    Sqlite,
    /// Databases on a PostgreSQL server.
    Postgres,
    /// Databases on a MariaDB server.
    #[value(name = "mariadb")]
    MariaDb,
}

impl Engine {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::MariaDb];

    /// As arguments and files name it.
    pub fn name(self) -> &'static str {
        self.pick("sqlite", "postgres", "mariadb")
    }

    /// The one that a URL is of.
    pub(crate) fn of(url: &str) -> Result<Self> {
        let scheme = url.split(':').next().unwrap_or_default();
        match scheme {
            "sqlite" => Ok(Self::Sqlite),
            "postgres" | "postgresql" => Ok(Self::Postgres),
            "mysql" | "mariadb" => Ok(Self::MariaDb),
            _ => Err(Error::Settings(format!("no engine has URLs that begin with `{scheme}:`"))),
        }
    }

    /// What is one thing on SQLite, another on PostgreSQL and a third on MariaDB.
    pub fn pick<T>(self, sqlite: T, postgres: T, mariadb: T) -> T {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
            Self::MariaDb => mariadb,
        }
    }

    /// As SeaORM names it.
    pub(crate) fn backend(self) -> DbBackend {
        self.pick(DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql)
    }

    /// How durable a commit can be made from the client's side; the first is what a program gets that asks for nothing.
    pub(crate) fn durabilities(self) -> &'static [Durability] {
        match self {
            Self::Sqlite => &[Durability::Full, Durability::Normal],
            Self::Postgres | Self::MariaDb => &[Durability::Server],
        }
    }
}

/// As people write it.
impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pick("SQLite", "PostgreSQL", "MariaDB"))
    }
}

/// What a commit that was answered survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// On SQLite, `synchronous = FULL`: a power failure.
    Full,
    /// On SQLite, `synchronous = NORMAL`: the end of the program.
    Normal,
    /// What the server was configured for.
    Server,
}

impl Durability {
    /// What the name of a workload ends with.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Full => ", synchronous FULL",
            Self::Normal => ", synchronous NORMAL",
            Self::Server => "",
        }
    }

    /// As DBVSG takes it; only SQLite asks.
    pub(crate) fn synchronous(self) -> Synchronous {
        match self {
            Self::Normal => Synchronous::Normal,
            Self::Full | Self::Server => Synchronous::Full,
        }
    }
}
