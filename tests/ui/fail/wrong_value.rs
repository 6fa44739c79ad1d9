use dbvsg::Versioned;

mod types {
    #[derive(super::Versioned)]
    #[versioned(component = 5, soft_delete = deleted_at, max_records = "100", crate = ::dbvsg)]
    struct Model {
        #[versioned(skip = true)]
        password: String,
        #[versioned(ignore = "yes")]
        last_seen: i64,
        deleted_at: Option<i64>,
    }
}

mod missing {
    #[derive(super::Versioned)]
    #[versioned(component, soft_delete =, max_records)]
    struct Model {
        id: i32,
    }
}

mod not_a_path {
    #[derive(super::Versioned)]
    #[versioned(component = "users", max_records = 1 + 1, crate = "my dbvsg")]
    struct Model {
        id: i32,
    }
}

fn main() {}
