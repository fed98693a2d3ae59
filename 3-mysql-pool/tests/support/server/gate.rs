//! A gate at which statements stand still, on the server.

use super::{Process, Server};

impl Process {
    pub fn stands_at_the_gate(&self) -> bool {
        self.state == "User lock"
    }
}

impl Server {
    /// From now on, whoever reads `users` stands still at its first row, until the gate is opened: a place to meet, of
    /// which the process list tells who has arrived. Who stood there passes on when the gate opens, and it stays open.
    /// (The invoker's rights, for the process list shows a connection under the name whose rights it has just now.)
    pub async fn close_the_gate(&self) {
        let gate = format!("{}.gate", self.user);
        let function = format!(
            "CREATE FUNCTION pass_the_gate(value BIGINT) RETURNS BIGINT NOT DETERMINISTIC SQL SECURITY INVOKER BEGIN \
             DO GET_LOCK('{gate}', 1000); DO RELEASE_LOCK('{gate}'); RETURN value; END"
        );
        self.sql(&format!("DO GET_LOCK('{gate}', 0)")).await;
        self.sql("RENAME TABLE users TO people").await;
        self.sql(&function).await;
        self.sql("CREATE SQL SECURITY INVOKER VIEW users AS SELECT pass_the_gate(id) AS id, name, email, age FROM people")
            .await;
    }

    /// Lets everybody pass who stands at the gate or comes to it.
    pub async fn open_the_gate(&self) {
        self.sql(&format!("DO RELEASE_LOCK('{}.gate')", self.user))
            .await;
    }

    /// Closes it once more.
    pub async fn close_the_gate_again(&self) {
        self.sql(&format!("DO GET_LOCK('{}.gate', 1000)", self.user))
            .await;
    }

    /// Waits until so many connections stand at the gate.
    pub async fn until_at_the_gate(&self, expected: &str, count: usize) -> Vec<Process> {
        let stand_there =
            |list: &[Process]| list.iter().filter(|one| one.stands_at_the_gate()).count();
        self.until(expected, |list| stand_there(list) == count)
            .await
    }
}
