use dbvsg::Versioned;

#[derive(Versioned)]
#[versioned(component = "users", component = "people")]
struct Model {
    #[versioned(skip)]
    #[versioned(skip)]
    password: String,
}

fn main() {}
