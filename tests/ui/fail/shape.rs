use dbvsg::Versioned;

mod an_enum {
    #[derive(super::Versioned)]
    enum Model {
        Id(i32),
    }
}

mod a_union {
    #[derive(super::Versioned)]
    union Model {
        id: i32,
    }
}

mod a_tuple_struct {
    #[derive(super::Versioned)]
    struct Model(i32);
}

mod a_unit_struct {
    #[derive(super::Versioned)]
    struct Model;
}

mod another_name {
    #[derive(super::Versioned)]
    #[versioned(component = "users")]
    struct User {
        id: i32,
    }
}

mod generic {
    #[derive(super::Versioned)]
    #[versioned(component = "users")]
    struct Model<T> {
        id: T,
    }
}

fn main() {}
