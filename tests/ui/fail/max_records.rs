use dbvsg::Versioned;

mod none {
    #[derive(super::Versioned)]
    #[versioned(component = "users", max_records = 0)]
    struct Model {
        id: i32,
    }
}

mod negative {
    #[derive(super::Versioned)]
    #[versioned(component = "users", max_records = -1)]
    struct Model {
        id: i32,
    }
}

mod too_many {
    #[derive(super::Versioned)]
    #[versioned(component = "users", max_records = 18_446_744_073_709_551_616)]
    struct Model {
        id: i32,
    }
}

fn main() {}
