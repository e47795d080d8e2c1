//! Whether flags fit together, which no single one can tell.

use super::{BindAddress, Options};
use crate::{Error, Result};

/// Where controller-runtime's webhook server listens.
const WEBHOOK_PORT: u16 = 9443;

impl Options {
    /// What no single flag can tell: whether they fit together.
    ///
    /// # Errors
    ///
    /// Every problem, one a line.
    pub(crate) fn check(&self) -> Result<()> {
        let problems: Vec<_> = [
            self.lease_problem(),
            self.certificate_problem(),
            self.port_problem(),
            self.sharing_problem(),
        ]
        .into_iter()
        .flatten()
        .collect();
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::other(problems.join("\n")))
    }

    /// A leader has to have given up before others may take over, and to have tried more than once.
    fn lease_problem(&self) -> Option<String> {
        let lease = self.leader_elect_lease_duration;
        let deadline = self.leader_elect_renew_deadline;
        let retry = self.leader_elect_retry_period;
        if lease.subsec_nanos() != 0 {
            // As such it is stored.
            return Some(format!(
                "`--leader-elect-lease-duration` is {lease:?}: use whole seconds"
            ));
        }
        if lease <= deadline {
            return Some(format!(
                "`--leader-elect-lease-duration` is {lease:?}: it has to be longer than `--leader-elect-renew-deadline`, which is {deadline:?}"
            ));
        }
        // client-go's factor: it waits up to that much longer.
        if deadline <= retry.mul_f64(1.2) {
            return Some(format!(
                "`--leader-elect-renew-deadline` is {deadline:?}: it has to be longer than 1.2 times `--leader-elect-retry-period`, which is {retry:?}"
            ));
        }
        None
    }

    fn certificate_problem(&self) -> Option<String> {
        let (certificate, key) = self.metrics_certificate()?;
        let missing = [certificate, key]
            .into_iter()
            .find(|file| !file.is_file())?;
        Some(format!(
            "`--metrics-cert-path` has no file `{}`",
            missing.display()
        ))
    }

    fn port_problem(&self) -> Option<String> {
        let addresses = [
            ("--metrics-bind-address", &self.metrics_bind_address),
            (
                "--health-probe-bind-address",
                &self.health_probe_bind_address,
            ),
        ];
        let (flag, address) = addresses
            .into_iter()
            .find(|(_, address)| address.port() == Some(WEBHOOK_PORT))?;
        Some(format!(
            "`{flag}` is `{address}`: port {WEBHOOK_PORT} is kept for webhooks"
        ))
    }

    /// The kubelet asks for probes without TLS and without a token.
    fn sharing_problem(&self) -> Option<String> {
        let address = &self.metrics_bind_address;
        let shared = *address == self.health_probe_bind_address && *address != BindAddress::Off;
        (shared && self.metrics_secure).then(|| {
            format!(
                "`--metrics-bind-address` and `--health-probe-bind-address` are both `{address}`: give them two, or pass `--metrics-secure=false`"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;

    #[test]
    fn what_does_not_fit_together_is_said_all_at_once() {
        let options = parse(&[
            "--leader-elect-renew-deadline=15s",
            "--metrics-cert-path=/nonexistent",
            "--metrics-bind-address=:9443",
        ]);
        let error = options.unwrap().check().unwrap_err().to_string();
        let expected = "`--leader-elect-lease-duration` is 15s: it has to be longer than `--leader-elect-renew-deadline`, which is 15s\n\
                        `--metrics-cert-path` has no file `/nonexistent/tls.crt`\n\
                        `--metrics-bind-address` is `:9443`: port 9443 is kept for webhooks";
        assert_eq!(error, expected);
    }

    #[test]
    fn probes_and_secure_metrics_do_not_share_an_address() {
        let arguments = ["--metrics-bind-address=:8081"];
        let error = parse(&arguments).unwrap().check().unwrap_err().to_string();
        let expected = "`--metrics-bind-address` and `--health-probe-bind-address` are both `:8081`: give them two, or pass `--metrics-secure=false`";
        assert_eq!(error, expected);

        let insecure = ["--metrics-bind-address=:8081", "--metrics-secure=false"];
        parse(&insecure).unwrap().check().unwrap();
        let off = ["--metrics-bind-address=0", "--health-probe-bind-address=0"];
        parse(&off).unwrap().check().unwrap();
    }

    #[test]
    fn a_leader_tries_more_than_once_before_it_gives_up() {
        for (flag, expected) in [
            ("--leader-elect-retry-period=9s", "1.2 times"),
            ("--leader-elect-lease-duration=10500ms", "whole seconds"),
        ] {
            let error = parse(&[flag]).unwrap().check().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
