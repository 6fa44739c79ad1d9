use dbvsg::Versioned;

mod empty {
    #[derive(super::Versioned)]
    #[versioned(component = "")]
    struct Model {
        id: i32,
    }
}

mod unsafe_in_urls {
    #[derive(super::Versioned)]
    #[versioned(component = "users/archived")]
    struct Model {
        id: i32,
    }
}

mod reserved {
    #[derive(super::Versioned)]
    #[versioned(component = "audit")]
    struct Model {
        id: i32,
    }
}

mod reserved_file {
    #[derive(super::Versioned)]
    #[versioned(component = "openapi.json")]
    struct Model {
        id: i32,
    }
}

fn main() {}
