use dbvsg::sea_orm::{ConnectionTrait, DbBackend, Statement};
use poem::http::StatusCode;

use super::*;

const BOUNDARY: &str = "multipart/form-data; boundary=b0undary";

struct Scene {
    vsg: Vsg,
    dir: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vsg = Vsg::connect(&format!("sqlite://{}/pay.db?mode=rwc", dir.path().display())).await.unwrap();
        let sql = "CREATE TABLE pay (id INTEGER PRIMARY KEY, amount INTEGER); INSERT INTO pay VALUES (1, 100)";
        vsg.connection().execute_unprepared(sql).await.unwrap();
        vsg.enable("pay").await.unwrap();
        Self { vsg, dir }
    }

    async fn pay(&self, amount: i64) {
        self.vsg.connection().execute_unprepared(&format!("UPDATE pay SET amount = {amount}")).await.unwrap();
    }

    async fn amount(&self) -> i64 {
        let query = Statement::from_string(DbBackend::Sqlite, "SELECT amount FROM pay");
        self.vsg.connection().query_one_raw(query).await.unwrap().unwrap().try_get("", "amount").unwrap()
    }

    async fn download(&self) -> Vec<u8> {
        let copy = download(&self.vsg).await.unwrap();
        let content = copy.body.into_vec().await.unwrap();
        assert_eq!(content.len() as u64, copy.bytes);
        content
    }

    async fn upload(&self, body: Vec<u8>, limit: u64) -> Result<Restored, StatusCode> {
        let body = Body::from_vec(body);
        let answer = upload(&self.vsg, Some(BOUNDARY), body, limit, RestoreOptions::default()).await;
        answer.map_err(|problem| problem.status())
    }

    /// The files beside the database, without its own.
    fn left_behind(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).filter(|name| !name.starts_with("pay.db")).collect()
    }
}

fn part(name: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"x\"\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body: Vec<u8> = parts.iter().flat_map(|(name, content)| part(name, content)).collect();
    body.extend(b"--b0undary--\r\n");
    body
}

#[tokio::test]
async fn what_comes_out_goes_in() {
    let scene = Scene::new().await;
    let copy = scene.download().await;
    scene.pay(5).await;
    let restored = scene.upload(form(&[("note", b"mine"), ("file", &copy)]), u64::MAX).await.unwrap();
    assert_eq!((restored.restored, restored.bytes), (true, copy.len() as u64));
    assert_eq!(scene.amount().await, 100);
    assert!(scene.vsg.verify().await.unwrap().ok);
    assert_eq!(scene.left_behind(), [""; 0]);
}

#[tokio::test]
async fn a_download_that_is_dropped_leaves_nothing() {
    let scene = Scene::new().await;
    let copy = download(&scene.vsg).await.unwrap();
    assert_eq!(scene.left_behind().len(), 1);
    drop(copy);
    assert_eq!(scene.left_behind(), [""; 0]);
}

#[tokio::test]
async fn a_form_that_is_no_use_changes_nothing() {
    let scene = Scene::new().await;
    let copy = scene.download().await;
    scene.pay(5).await;
    let whole = form(&[("file", &copy)]);
    let cases = [
        (form(&[]), u64::MAX, StatusCode::UNPROCESSABLE_ENTITY),
        (form(&[("other", &copy)]), u64::MAX, StatusCode::UNPROCESSABLE_ENTITY),
        (form(&[("file", b"")]), u64::MAX, StatusCode::UNPROCESSABLE_ENTITY),
        (form(&[("file", b"id,amount\n1,2\n")]), u64::MAX, StatusCode::UNPROCESSABLE_ENTITY),
        (form(&[("file", &copy[..copy.len() / 2])]), u64::MAX, StatusCode::UNPROCESSABLE_ENTITY),
        (form(&[("file", &copy), ("file", &copy)]), u64::MAX, StatusCode::UNPROCESSABLE_ENTITY),
        (whole[..whole.len() / 2].to_vec(), u64::MAX, StatusCode::BAD_REQUEST),
        (b"what?".to_vec(), u64::MAX, StatusCode::BAD_REQUEST),
        (Vec::new(), u64::MAX, StatusCode::BAD_REQUEST),
        (whole.clone(), 1000, StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (number, (body, limit, expected)) in cases.into_iter().enumerate() {
        assert_eq!(scene.upload(body, limit).await.unwrap_err(), expected, "case {number}");
        assert_eq!(scene.left_behind(), [""; 0], "case {number}");
    }
    let plain = upload(&scene.vsg, Some("text/csv"), Body::from_vec(whole), u64::MAX, RestoreOptions::default());
    assert_eq!(plain.await.unwrap_err().status(), StatusCode::BAD_REQUEST);
    assert_eq!(scene.amount().await, 5);
}

#[tokio::test]
async fn a_database_in_memory_comes_out_and_takes_nothing_in() {
    let vsg = Vsg::connect("sqlite::memory:").await.unwrap();
    let copy = download(&vsg).await.unwrap().body.into_vec().await.unwrap();
    let body = Body::from_vec(form(&[("file", &copy)]));
    let refused = upload(&vsg, Some(BOUNDARY), body, u64::MAX, RestoreOptions::default()).await.unwrap_err();
    assert_eq!(refused.status(), StatusCode::CONFLICT);
}
