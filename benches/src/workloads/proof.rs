use super::{clients::Clients, names};
use crate::{
    Error, Figure, Result, Run,
    measure::{Sample, Turn, Turns},
    run::close,
    side::{Side, Way},
};

/// Sealing of commits that wait for it, and the proof of all that was measured before.
pub(crate) async fn proof(run: &mut Run<'_>) -> Result<()> {
    let pairs = run.pairs().await?;
    for pair in &pairs {
        let (vsg, commits) = (pair.vsg(), run.settings.scale.commits);
        let mut seal = Sample::default();
        for turn in Turns::within(run.settings.scale.turns / 4) {
            // One at a time, as SQLite takes them; a server is faster with more.
            let clients = run.engine().pick(1, 8, 8);
            let side = Side::Versioned(vsg.clone());
            Clients::start(&side, Way::Transaction, clients, pair.size, commits as i64).end().await?;
            let mut whole = Sample::default();
            let sealed = whole.time(Turn::ONLY, async { Ok(vsg.seal().await?) }).await?;
            if sealed != commits {
                return Err(Error::Unexpected(format!("{sealed} commits were sealed, not {commits}")));
            }
            seal.add(turn, whole.median() / commits as f64);
        }
        run.add(Figure::time(names::SEAL, pair.size, &seal))?;
        let mut whole = Sample::default();
        let proof = whole.time(Turn::ONLY, async { Ok(vsg.verify().await?) }).await?;
        if let Some(problem) = proof.problems.first() {
            return Err(Error::Unexpected(format!("the history is not sound: {}", problem.problem)));
        }
        let mut verify = Sample::default();
        verify.add(Turn::ONLY, whole.median() / proof.rows as f64);
        run.add(Figure::time(names::VERIFY, pair.size, &verify).of(proof.rows))?;
    }
    close(pairs).await
}
