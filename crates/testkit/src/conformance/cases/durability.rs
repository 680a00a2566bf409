//! Rule 5: acknowledged batches are durable.

use conversation_settings_core::{Patch, Version};
use conversation_settings_store::{Changes, ConversationStore, ConversationStoreExt, Filter};
use tokio::task::spawn_blocking;

use super::changes::ids;
use crate::{
    conformance::{Fixture, Harness, Skipped},
    crash::CrashTest,
    fixtures::{key, remove, set, user},
};

pub(super) async fn keeps_acknowledged_batches_when_reopened(
    mut fixture: Fixture<'_, impl Harness>,
) -> Result<(), Skipped> {
    let owner = user("a");
    for round in 1..=3_u64 {
        let (stays, goes) = (format!("sg_{round}_stays"), format!("sg_{round}_goes"));
        let both = [&stays, &goes];
        fixture.apply(both.map(|id| set(key("a", id), Patch::KEEP.ex("x").is_pinned(true)))).await;
        fixture.apply([remove(key("a", &goes)), set(key("b", &stays), Patch::KEEP.ex("x"))]).await;
        if round == 2 {
            assert_eq!(fixture.store().prune(&owner, Version(3)).await.expect("can be pruned"), 1);
        }
        let version = fixture.version(&owner).await;
        let listed = fixture.store().list_all(&owner, &Filter::ALL).await.expect("can be read");
        assert_eq!(version.version, Version(2 * round));

        fixture = fixture.reopened().await?;
        assert_eq!(
            fixture.version(&owner).await,
            version,
            "the log and the version: found on the left, expected on the right"
        );
        assert_eq!(fixture.store().list_all(&owner, &Filter::ALL).await.expect("can be read"), listed);
        let since = ids(fixture.changes(&owner, 2 * round - 1).await);
        assert_eq!(since, [vec![], vec![], vec![goes]]);
        let is_forgotten = matches!(fixture.changes(&owner, 1).await, Changes::Full(_));
        assert_eq!(is_forgotten, round > 1, "pruned tombstones stay pruned");
        assert_eq!(fixture.version(&user("b")).await.version, Version(round));
    }
    Ok(())
}

pub(super) async fn keeps_acknowledged_batches_through_a_kill(
    fixture: Fixture<'_, impl Harness>,
) -> Result<(), Skipped> {
    const KILLS: u64 = 3;
    let mut test = CrashTest::new(KILLS);
    for _ in 0..KILLS {
        let mut process = fixture.writing_process()?;
        test = spawn_blocking(move || {
            test.kill(&mut process).expect("the process writes until it is killed");
            test
        })
        .await
        .expect("does not panic");
        test.check(&**fixture.store()).await.expect("can be read");
    }
    let report = test.report();
    assert!(report.is_clean() && report.acknowledged > 0, "{report}");
    Ok(())
}
