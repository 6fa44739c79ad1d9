use dbvsg::Versioned;

#[derive(Versioned)]
#[versioned(component = "users", "people", max_records(1),, crate = "::dbvsg")]
struct Model {
    #[versioned]
    password: String,
    #[versioned = "ignore"]
    last_seen: i64,
}

fn main() {}
