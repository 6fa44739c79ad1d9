//! Tags name commits; comments speak of commits and of the versions of rows.

use dbvsg::{Error, Key, LogFilter, Reference, Value};
use dbvsg_tests::{Engine, Scene, scenarios};

scenarios!(
    a_tag_names_a_commit,
    a_name_reads_like_nothing_else,
    a_name_is_given_once,
    of_many_who_want_a_name_one_gets_it,
    commits_and_versions_are_commented,
    a_history_tells_tags_and_comments,
    what_cannot_be_kept_is_refused,
    what_was_said_outlives_what_it_was_about,
);

const PAY: &str = "CREATE TABLE pay (id INTEGER PRIMARY KEY, amount INTEGER)";

/// Two rows, the first of which has two versions.
async fn paid(engine: Engine) -> Scene {
    let scene = Scene::with(engine, &[PAY]).await;
    scene.vsg.enable("pay").await.unwrap();
    scene.commit("INSERT INTO pay VALUES (1, 10), (2, 20)").await;
    scene.commit("UPDATE pay SET amount = 11 WHERE id = 1").await;
    scene
}

fn key(id: i64) -> Key {
    Key(vec![Value::Integer(id)])
}

async fn a_tag_names_a_commit(engine: Engine) {
    let scene = paid(engine).await;
    let first = scene.vsg.commit("HEAD~1").await.unwrap().uuid;
    let tag = scene.vsg.tag("ann", "release/1.0", "HEAD~1", Some("as shipped")).await.unwrap();
    assert_eq!((tag.name.as_str(), tag.commit, tag.comment.as_deref()), ("release/1.0", first, Some("as shipped")));
    assert_eq!((tag.actor.as_str(), tag.deleted_at, &tag.deleted_by), ("ann", None, &None));
    scene.vsg.tag("ann", "v3", first, None).await.unwrap();
    scene.vsg.tag("ann", "Release/1.0", "HEAD", None).await.unwrap();

    scene.commit("DELETE FROM pay").await;
    assert_eq!(scene.rows_at("release/1.0", "SELECT amount FROM pay ORDER BY id").await, ["10", "20"]);
    assert_eq!(scene.rows_at("Release/1.0", "SELECT amount FROM pay ORDER BY id").await, ["11", "20"]);
    assert_eq!(scene.vsg.commit("v3").await.unwrap().tags, ["release/1.0", "v3"]);
    let row = scene.vsg.row_at("pay", &key(1), &Reference::Name("v3".into())).await.unwrap().unwrap();
    assert_eq!(row.values[1], Value::Integer(10));
    let log = scene.vsg.log(&LogFilter::table("pay")).await.unwrap().items;
    let tags: Vec<usize> = log.iter().map(|commit| commit.tags.len()).collect();
    assert_eq!(tags, [0, 1, 2]);
    scene.end().await;
}

async fn a_name_reads_like_nothing_else(engine: Engine) {
    let scene = paid(engine).await;
    let commit = scene.vsg.commit("HEAD").await.unwrap().uuid.to_string();
    let long = "x".repeat(101);
    for name in ["", "HEAD", "HEAD~1", "main", "abcdef0", "2024-01-15", "a b", "it's", &commit, &long] {
        let refused = scene.vsg.tag("ann", name, "HEAD", None).await;
        assert!(matches!(refused, Err(Error::InvalidName { name: told, .. }) if told == name), "{name}");
    }
    for name in ["abcdef", "v3", "main/1", "Zoë", &long[1..]] {
        scene.vsg.tag("ann", name, "HEAD", None).await.unwrap();
        assert_eq!(scene.vsg.commit(name).await.unwrap().uuid.to_string(), commit, "{name}");
    }
    for reference in ["HEAD~9", "nothing"] {
        let refused = scene.vsg.tag("ann", "fine", reference, None).await;
        assert!(matches!(refused, Err(Error::UnknownReference { .. })), "{reference}");
    }
    assert_eq!(scene.vsg.tags(true, 100, 0).await.unwrap().total, 5, "what was refused left nothing");
    scene.end().await;
}

async fn a_name_is_given_once(engine: Engine) {
    let scene = paid(engine).await;
    scene.vsg.tag("ann", "v1", "HEAD~1", None).await.unwrap();
    let again = scene.vsg.tag("ben", "v1", "HEAD", None).await;
    assert!(matches!(again, Err(Error::TagExists { name }) if name == "v1"));

    scene.vsg.untag("ben", "v1").await.unwrap();
    assert!(matches!(scene.vsg.untag("ben", "v1").await, Err(Error::UnknownTag { .. })));
    assert!(matches!(scene.vsg.as_of("v1").await, Err(Error::UnknownReference { .. })));
    assert!(scene.log().await.iter().all(|commit| commit.tags.is_empty()));

    let head = scene.vsg.tag("cy", "v1", "HEAD", None).await.unwrap();
    scene.vsg.untag("dan", "v1").await.unwrap();
    scene.vsg.tag("cy", "v1", "HEAD", None).await.unwrap();
    scene.vsg.tag("cy", "a", "HEAD", None).await.unwrap();
    assert_eq!(scene.vsg.commit("v1").await.unwrap().uuid, head.commit);
    let live = scene.vsg.tags(false, 100, 0).await.unwrap();
    assert_eq!((live.total, live.items[0].name.as_str(), live.items[1].name.as_str()), (2, "a", "v1"));
    let all = scene.vsg.tags(true, 2, 1).await.unwrap();
    let told: Vec<_> = all.items.iter().map(|tag| (tag.actor.as_str(), tag.deleted_by.as_deref())).collect();
    assert_eq!((all.total, told), (4, vec![("ann", Some("ben")), ("cy", Some("dan"))]));
    assert!(all.items.iter().all(|tag| tag.deleted_at.unwrap() >= tag.created_at));
    scene.end().await;
}

async fn of_many_who_want_a_name_one_gets_it(engine: Engine) {
    let scene = paid(engine).await;
    let tags = (0..8).map(|number| {
        let vsg = scene.vsg.clone();
        tokio::spawn(async move { vsg.tag(format!("user {number}"), "mine", "HEAD", None).await })
    });
    let mut given = Vec::new();
    for tag in tags.collect::<Vec<_>>() {
        match tag.await.unwrap() {
            Ok(tag) => given.push(tag),
            Err(error) => assert!(matches!(error, Error::TagExists { .. }), "{error}"),
        }
    }
    assert_eq!(given.len(), 1);
    assert_eq!(scene.vsg.tags(true, 100, 0).await.unwrap().items, given);
    scene.end().await;
}

async fn commits_and_versions_are_commented(engine: Engine) {
    let scene = paid(engine).await;
    let said = scene.vsg.comment("ann", "HEAD", "looks right").await.unwrap();
    assert_eq!((said.text.as_str(), said.actor.as_str(), said.version), ("looks right", "ann", None));
    let said = scene.vsg.comment_version("ben", "pay", &key(1), 2, "a raise of 10 % 😀").await.unwrap();
    assert_eq!((said.table.as_deref(), said.key.as_deref(), said.version), (Some("pay"), Some("1"), Some(2)));
    scene.vsg.comment_version("ben", "pay", &key(2), 1, "who is that?").await.unwrap();

    let of_head = scene.vsg.comments("HEAD", 100, 0).await.unwrap();
    let told: Vec<_> = of_head.items.iter().map(|said| (said.text.as_str(), said.version)).collect();
    assert_eq!((of_head.total, told), (2, vec![("looks right", None), ("a raise of 10 % 😀", Some(2))]));
    assert_eq!(of_head.items[1], scene.vsg.comments("HEAD", 1, 1).await.unwrap().items[0]);
    let of_first = scene.vsg.comments("HEAD~1", 100, 0).await.unwrap().items;
    assert_eq!((of_first[0].key.as_deref(), of_first[0].version), (Some("2"), Some(1)));

    for (id, version) in [(1, 0), (1, 3), (1, u64::MAX)] {
        let refused = scene.vsg.comment_version("ben", "pay", &key(id), version, "x").await;
        assert!(matches!(refused, Err(Error::UnknownReference { .. })), "{version}");
    }
    let refused = scene.vsg.comment_version("ben", "pay", &key(9), 1, "x").await;
    assert!(matches!(refused, Err(Error::UnknownRow { .. })));
    assert!(matches!(scene.vsg.comment("ann", "HEAD~9", "x").await, Err(Error::UnknownReference { .. })));
    let refused = scene.vsg.comment_version("ben", "nothing", &key(1), 1, "x").await;
    assert!(matches!(refused, Err(Error::UnknownTable { .. })));
    scene.end().await;
}

async fn a_history_tells_tags_and_comments(engine: Engine) {
    let scene = paid(engine).await;
    scene.vsg.tag("ann", "before", "HEAD~1", None).await.unwrap();
    scene.vsg.tag("ann", "after", "HEAD", None).await.unwrap();
    scene.vsg.tag("ann", "a", "HEAD", None).await.unwrap();
    scene.vsg.comment("ann", "HEAD", "of the commit alone").await.unwrap();
    scene.vsg.comment_version("ann", "pay", &key(1), 2, "first").await.unwrap();
    scene.vsg.comment_version("ben", "pay", &key(1), 2, "second").await.unwrap();
    scene.vsg.comment_version("ben", "pay", &key(2), 1, "of another row").await.unwrap();

    let history = scene.vsg.history("pay", &key(1), 10, 0).await.unwrap().items;
    assert_eq!(
        (&history[0].tags[..], &history[1].tags[..]),
        (&["a", "after"].map(String::from)[..], &["before".into()][..])
    );
    let said: Vec<_> = history[0].comments.iter().map(|said| (said.text.as_str(), said.version)).collect();
    assert_eq!(said, [("first", Some(2)), ("second", Some(2))]);
    assert_eq!(history[1].comments, []);
    assert_eq!(scene.vsg.version("pay", &key(1), 2).await.unwrap(), history[0]);
    assert_eq!(scene.vsg.history("pay", &key(1), 1, 1).await.unwrap().items, history[1..]);
    scene.end().await;
}

async fn what_cannot_be_kept_is_refused(engine: Engine) {
    let scene = paid(engine).await;
    let most = "é".repeat(10_000);
    scene.vsg.comment("ann", "HEAD", &most).await.unwrap();
    assert_eq!(scene.vsg.comments("HEAD", 1, 0).await.unwrap().items[0].text, most);
    for text in [format!("{most}x"), "a\0b".into(), String::new()] {
        let refused = scene.vsg.comment("ann", "HEAD", &text).await;
        assert!(matches!(refused, Err(Error::InvalidValue { .. })), "{} characters", text.len());
    }
    assert!(matches!(scene.vsg.tag("ann", "x", "HEAD", Some("\0")).await, Err(Error::InvalidValue { .. })));
    for actor in ["", "a\nb"] {
        assert!(matches!(scene.vsg.tag(actor, "x", "HEAD", None).await, Err(Error::InvalidActor { .. })));
        assert!(matches!(scene.vsg.untag(actor, "x").await, Err(Error::InvalidActor { .. })));
        assert!(matches!(scene.vsg.comment(actor, "HEAD", "x").await, Err(Error::InvalidActor { .. })));
        let refused = scene.vsg.comment_version(actor, "pay", &key(1), 1, "x").await;
        assert!(matches!(refused, Err(Error::InvalidActor { .. })));
    }
    assert_eq!(scene.vsg.tags(true, 10, 0).await.unwrap().total, 0);
    assert_eq!(scene.vsg.comments("HEAD", 10, 0).await.unwrap().total, 1);
    scene.end().await;
}

async fn what_was_said_outlives_what_it_was_about(engine: Engine) {
    let scene = paid(engine).await;
    let commit = scene.vsg.tag("ann", "v1", "HEAD", None).await.unwrap().commit;
    scene.vsg.comment_version("ann", "pay", &key(1), 2, "a raise").await.unwrap();
    scene.vsg.disable("ann", "pay", false).await.unwrap();
    let kept = scene.vsg.comments(commit, 10, 0).await.unwrap().items;
    assert_eq!((kept[0].table.as_deref(), kept[0].key.as_deref(), kept[0].version), (Some("pay"), Some("1"), Some(2)));

    scene.vsg.enable("pay").await.unwrap();
    scene.vsg.disable("ann", "pay", true).await.unwrap();
    let left = scene.vsg.comments("v1", 10, 0).await.unwrap().items;
    assert_eq!((left[0].text.as_str(), left[0].key.as_deref(), left[0].version), ("a raise", None, None));
    assert_eq!(scene.vsg.commit("v1").await.unwrap().tags, ["v1"]);
    scene.end().await;
}
