/// What can keep a server from starting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two components have one name.
    #[error("two components are named `{component}`")]
    DuplicateComponent {
        /// The name.
        component: String,
    },
    /// A component has a name that the interface uses itself, or that no URL can hold.
    #[error("a component cannot be named `{component}`: {reason}")]
    ComponentName {
        /// The name.
        component: String,
        /// Why not.
        reason: &'static str,
    },
    /// Two calls have one path.
    #[error("two calls want the path `{path}`")]
    PathClash {
        /// The method and the path.
        path: String,
    },
    /// A table cannot be made ready.
    #[error("component `{component}` cannot be mounted")]
    Mount {
        /// The component.
        component: String,
        /// Why.
        #[source]
        source: dbvsg::Error,
    },
    /// The database failed.
    #[error("the database is not usable")]
    Database(#[source] dbvsg::Error),
    /// The address cannot be served.
    #[error("cannot serve `{address}`")]
    Serve {
        /// The address.
        address: String,
        /// The reason the system gave.
        #[source]
        source: std::io::Error,
    },
}
