use std::{future::Future, sync::Arc};

use dbvsg::{Accessor, Vsg, Writable};

use crate::{
    Api, Error,
    component::{Component, Typed, Untyped},
    openapi, routes,
    server::{Limits, Shared},
};

/// Names that the interface uses itself.
const RESERVED: [&str; 6] = ["db", "vsg", "audit", "api", "docs", "openapi.json"];

type Ready = Result<Arc<dyn Component>, dbvsg::Error>;
type Prepare = Box<dyn FnOnce(Vsg, Settings) -> dbvsg::BoxFuture<'static, Ready> + Send>;

/// A component that is not ready yet.
struct Mounted {
    component: String,
    prepare: Prepare,
}

#[derive(Clone, Copy)]
struct Settings {
    create_tables: bool,
    max_records: Option<u64>,
}

/// Puts a server together: the database, the components it shows, and what they may be used for.
///
/// ```
/// mod user {
///     use dbvsg::{Versioned, sea_orm::entity::prelude::*};
///
///     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Versioned)]
///     #[sea_orm(table_name = "users")]
///     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub name: String }
///
///     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
///     pub enum Relation {}
///     impl ActiveModelBehavior for ActiveModel {}
/// }
/// use dbvsg::{Versioned, Vsg};
/// use dbvsg_web::Bootstrap;
/// use poem::{Endpoint, Request};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let vsg = Vsg::connect("sqlite::memory:").await?;
/// let users = user::Entity::accessor(&vsg);
/// let app = Bootstrap::new(vsg).mount(users).create_tables(true).max_records(100).build().await?;
///
/// let post = Request::builder()
///     .method(poem::http::Method::POST)
///     .uri_str("/users")
///     .header("X-User", "ann")
///     .content_type("application/json")
///     .body(r#"{"name": "Bob"}"#);
/// let answer = app.get_response(post).await;
/// assert_eq!(answer.status(), 201);
/// assert_eq!(answer.header("Location"), Some("/users/1"));
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is served before `serve` or `build`"]
pub struct Bootstrap {
    pub(crate) vsg: Vsg,
    mounted: Vec<Mounted>,
    tracked: bool,
    settings: Settings,
    limits: Limits,
}

impl std::fmt::Debug for Bootstrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let components: Vec<&str> = self.mounted.iter().map(|mounted| mounted.component.as_str()).collect();
        f.debug_struct("Bootstrap").field("components", &components).finish_non_exhaustive()
    }
}

impl Bootstrap {
    /// A server for this database, without components.
    pub fn new(vsg: Vsg) -> Self {
        Self {
            vsg,
            mounted: Vec::new(),
            tracked: false,
            settings: Settings { create_tables: false, max_records: None },
            limits: Limits { body: 2 << 20, upload: 16 << 30 },
        }
    }

    /// Shows the rows of this accessor under the name of its component. Its hooks run for every write. Its table is put
    /// under version control when the server is built, if it is not yet.
    pub fn mount<E: Writable>(mut self, accessor: Accessor<E>) -> Self {
        let prepare = move |vsg: Vsg, settings: Settings| -> dbvsg::BoxFuture<'static, Ready> {
            Box::pin(async move {
                if settings.create_tables {
                    vsg.create_table::<E>().await?;
                }
                vsg.track::<E>().await?;
                let limit = accessor.record_limit().or(settings.max_records);
                let ready: Arc<dyn Component> = Arc::new(Typed::new(accessor.max_records(limit)).await?);
                Ok(ready)
            })
        };
        self.mounted.push(Mounted { component: E::COMPONENT.to_owned(), prepare: Box::new(prepare) });
        self
    }

    /// Shows every tracked table that no accessor is mounted for as a component, too: those that are tracked when the server is
    /// built, with the columns that they have then. Such a component has no soft delete, no record limit and no hooks.
    ///
    /// A component is named as its table is (`orders`, `sales.orders`), percent-encoded in a path where it must be
    /// (`/order%20items`). One whose name no path can hold (`.`, `..`, or none at all), that the interface or another component
    /// uses, or that begins with `~` itself, gets a `~` in front: `/~audit`.
    ///
    /// ```
    /// use dbvsg::{Vsg, sea_orm::ConnectionTrait};
    /// use poem::{Endpoint, Request};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let vsg = Vsg::connect("sqlite::memory:").await?;
    /// vsg.connection().execute_unprepared("CREATE TABLE \"order items\" (id INTEGER PRIMARY KEY)").await?;
    /// vsg.enable("order items").await?;
    /// let app = dbvsg_web::Bootstrap::new(vsg).mount_tracked().build().await?;
    /// let answer = app.get_response(Request::builder().uri_str("/order%20items").finish()).await;
    /// assert_eq!(answer.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn mount_tracked(mut self) -> Self {
        self.tracked = true;
        self
    }

    /// Creates the tables of the components that are not there yet.
    pub fn create_tables(mut self, create: bool) -> Self {
        self.settings.create_tables = create;
        self
    }

    /// Limits how many rows a component may hold that has no limit of its own.
    pub fn max_records(mut self, limit: u64) -> Self {
        self.settings.max_records = Some(limit);
        self
    }

    /// Limits the size of JSON bodies; 2 MiB if it is not called.
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.limits.body = bytes;
        self
    }

    /// Limits the size of uploads (CSV files and backups); 16 GiB if it is not called.
    pub fn upload_limit(mut self, bytes: u64) -> Self {
        self.limits.upload = bytes;
        self
    }

    /// Makes the tables ready and returns the endpoint, to be served or nested.
    ///
    /// It seals when a call needs the order of commits; [`Vsg::seal_in_background`] does it in between.
    ///
    /// # Errors
    /// [`Error::DuplicateComponent`], [`Error::ComponentName`], [`Error::PathClash`]; [`Error::Mount`] if a table is
    /// missing or cannot be tracked.
    pub async fn build(self) -> Result<Api, Error> {
        for (position, mounted) in self.mounted.iter().enumerate() {
            check_name(&mounted.component)?;
            if self.mounted[..position].iter().any(|other| other.component == mounted.component) {
                return Err(Error::DuplicateComponent { component: mounted.component.clone() });
            }
        }
        let mut components = Vec::with_capacity(self.mounted.len());
        for Mounted { component, prepare } in self.mounted {
            let ready = prepare(self.vsg.clone(), self.settings).await;
            components.push(ready.map_err(|source| Error::Mount { component, source })?);
        }
        if self.tracked {
            let untyped = untyped(&self.vsg, &components).await.map_err(Error::Database)?;
            components.extend(untyped);
        }
        let operations = routes::operations(&components);
        let document = openapi::document(&operations, &components);
        Api::new(Shared { vsg: self.vsg, limits: self.limits, components, document }, operations)
    }

    /// Serves at this address until the process is told to end (SIGTERM or Ctrl-C); calls that are running then have ten
    /// seconds to finish. Commits are sealed five times a second meanwhile.
    ///
    /// # Errors
    /// [`Error::Serve`] if the address is taken, and as [`Bootstrap::build`].
    pub async fn serve(self, address: &str) -> Result<(), Error> {
        let listener = crate::serve::bind(address)?;
        self.serve_on(listener, crate::serve::asked_to_end()).await
    }

    /// Serves on a socket that is bound already, until `end` comes. A socket bound to port 0 tells its address itself.
    ///
    /// # Errors
    /// As [`Bootstrap::serve`].
    pub async fn serve_on(
        self,
        listener: std::net::TcpListener,
        end: impl Future<Output = ()> + Send,
    ) -> Result<(), Error> {
        crate::serve::run(self, listener, end).await
    }
}

/// Components for the tracked tables that none of these shows.
async fn untyped(vsg: &Vsg, mounted: &[Arc<dyn Component>]) -> Result<Vec<Arc<dyn Component>>, dbvsg::Error> {
    // Another program may have enabled one meanwhile.
    vsg.reload().await?;
    let mut untyped: Vec<Arc<dyn Component>> = Vec::new();
    for tracked in vsg.all_tracked() {
        let table = tracked.name();
        if mounted.iter().any(|component| component.shape().table == table) {
            continue;
        }
        let is_taken = mounted.iter().any(|component| component.shape().component == table);
        let name = if is_taken { format!("~{table}") } else { component_name(&table) };
        untyped.push(Arc::new(Untyped::new(name, vsg.gateway(&table).await?, &tracked)));
    }
    Ok(untyped)
}

/// The name of the component that shows a table, as no other is called.
fn component_name(table: &str) -> String {
    let needs_other = RESERVED.contains(&table) || matches!(table, "" | "." | "..") || table.starts_with('~');
    if needs_other { format!("~{table}") } else { table.to_owned() }
}

fn check_name(component: &str) -> Result<(), Error> {
    let reason = if RESERVED.contains(&component) {
        "the interface uses this name itself"
    } else if component.is_empty() || !component.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    {
        "use letters, digits, `_` and `-`"
    } else {
        return Ok(());
    };
    Err(Error::ComponentName { component: component.to_owned(), reason })
}
