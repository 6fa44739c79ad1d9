use dbvsg::Versioned;

#[derive(Versioned)]
#[versioned(
    component = "users",
    soft_delte = "deleted_at",
    hooks = "UserHooks",
    skip
)]
struct Model {
    #[versioned(skipped)]
    password: String,
    #[versioned(soft_delete = "deleted_at")]
    deleted_at: Option<i64>,
}

fn main() {}
