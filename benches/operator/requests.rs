//! What the API server was asked by one user, from its audit log.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
};

use serde::Deserialize;

/// Watches and leases are in none of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Requests {
    /// For single objects: MyApps, their status, Deployments.
    pub objects: u32,
    /// Those of them that were refused, conflicts above all.
    pub refused: u32,
    pub events: u32,
    /// Lists, and what a client asks at its start.
    pub others: u32,
}

impl Requests {
    pub fn all(&self) -> u32 {
        self.objects + self.events + self.others
    }
}

/// Reads on where it has stopped: the log of a whole run is large.
pub struct AuditLog {
    path: PathBuf,
    offset: u64,
}

impl AuditLog {
    pub fn new(path: PathBuf) -> Self {
        Self { path, offset: 0 }
    }

    /// Leaves out what is in it so far.
    pub fn skip(&mut self) {
        self.offset = self.path.metadata().unwrap().len();
    }

    /// What the user has asked since the last call of this or of [`skip`](Self::skip).
    pub fn since(&mut self, user: &str) -> Requests {
        let mut file = File::open(&self.path).unwrap();
        file.seek(SeekFrom::Start(self.offset)).unwrap();
        let mut text = Vec::new();
        file.read_to_end(&mut text).unwrap();
        // The last line may be half written.
        let end = text.iter().rposition(|byte| *byte == b'\n');
        let end = end.map_or(0, |at| at + 1);
        self.offset += end as u64;
        let mut requests = Requests::default();
        for line in text[..end].split(|byte| *byte == b'\n') {
            // `skip` may have stopped in the middle of a line.
            let Ok(event) = serde_json::from_slice::<Event>(line) else {
                continue;
            };
            if event.user.username.as_deref() == Some(user) {
                requests.add(&event);
            }
        }
        requests
    }
}

impl Requests {
    fn add(&mut self, event: &Event) {
        let resource = event
            .object_ref
            .as_ref()
            .and_then(|it| it.resource.as_deref());
        match (resource, event.verb.as_str()) {
            (_, "watch") | (Some("leases"), _) => {}
            (Some("events"), _) => self.events += 1,
            (Some("myapps" | "deployments"), verb) if verb != "list" => {
                self.objects += 1;
                let code = event.response_status.as_ref().and_then(|it| it.code);
                self.refused += u32::from(code.is_none_or(|code| code >= 400));
            }
            _ => self.others += 1,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    verb: String,
    user: User,
    object_ref: Option<ObjectRef>,
    response_status: Option<Status>,
}

#[derive(Deserialize)]
struct User {
    username: Option<String>,
}

#[derive(Deserialize)]
struct ObjectRef {
    resource: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    code: Option<u16>,
}
