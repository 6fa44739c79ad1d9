//! A URL that asks for an encrypted connection gets one, or none.

use dbvsg::{ErrorKind, Vsg};
use dbvsg_tests::{Engine, Proxy, Scene, scenarios};

scenarios!(Postgres: who_asks_for_tls_is_never_given_a_plain_connection);
scenarios!(MariaDb: who_asks_for_tls_is_never_given_a_plain_connection);

async fn who_asks_for_tls_is_never_given_a_plain_connection(engine: Engine) {
    let scene = Scene::new(engine).await;
    let proxy = Proxy::to(&scene).await;
    Vsg::connect(proxy.url()).await.unwrap().close().await.unwrap();
    // The server has no certificate, or none that anybody has signed whom a stranger would trust.
    let asked = engine.pick("", "sslmode=verify-full", "ssl-mode=VERIFY_IDENTITY");
    let error = Vsg::connect(&format!("{}?{asked}", proxy.url())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    let told = format!("{error:?}").to_lowercase();
    assert!(told.contains("tls") || told.contains("certificate"), "{told}");
    scene.end().await;
}
