use m365_port_suite::TIMER;

use super::*;

#[tokio::test]
async fn tokio_keeps_the_promises_of_the_timer() {
    for case in TIMER {
        (case.run)(&TokioTimer).await.unwrap_or_else(|e| panic!("{}: {e:#}", case.name));
    }
}
