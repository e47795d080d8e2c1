//! For people who come from Go: controller-runtime's concepts, and what they are here.
//!
//! | controller-runtime | here |
//! | --- | --- |
//! | `ctrl.NewManager` | [`Manager::new`](crate::Manager::new); [`Manager::namespaced`](crate::Manager::namespaced) for an operator of one namespace |
//! | `ctrl.Options`, the flags of `main.go` | [`Options`](crate::Options): Kubebuilder's flags under their names, and a variable for each |
//! | `mgr.Start(ctx)` | [`Manager::start`](crate::Manager::start) |
//! | `mgr.GetClient()`: cached reads | [`Cache::get`](crate::Cache::get), [`Cache::state`](crate::Cache::state), of the kinds that a controller asks for; nothing is watched by accident |
//! | `mgr.GetAPIReader()` | [`Setup::client`](crate::Setup::client) with kube's `Api`: always asks the API server |
//! | `cache.ByObject`, selectors | the `watcher::Config` of [`Setup::cache`](crate::Setup::cache) |
//! | `cache.TransformStripManagedFields` | always on, but for the fields that the operator applied itself |
//! | metadata-only watches | [`Setup::compact_cache`](crate::Setup::compact_cache): whole objects in a tenth of the memory |
//! | `Builder.For` | [`Cache::controller`](crate::Cache::controller) |
//! | `Builder.Owns`, `Builder.Watches` | [`owns_cached`](crate::ControllerExt::owns_cached), [`watches_cached`](crate::ControllerExt::watches_cached) |
//! | predicates | own writes wake nobody; for the rest, compare at the begin of the reconcile: it costs no request |
//! | `Reconciler`, `SetupWithManager` | a function, given to [`Setup::run`](crate::Setup::run) |
//! | `Request{Name}` and a `Get` that may be stale | the newest object known, as the function's argument |
//! | `Result{}`, `Result{RequeueAfter: d}` | [`Action::await_change`](kube::runtime::controller::Action::await_change), [`Action::requeue`](kube::runtime::controller::Action::requeue) |
//! | `reconcile.TerminalError` | [`Error::permanent`](crate::Error::permanent) |
//! | returning `nil` while something is missing | [`Error::waiting`](crate::Error::waiting), which says in the status what is missing |
//! | rate limiter of the queue | built in, for each object by itself: the table of [`Setup::run`](crate::Setup::run) |
//! | `MaxConcurrentReconciles` | [`Options::concurrency`](crate::Options::concurrency); one object is never reconciled twice at a time |
//! | `ReconciliationTimeout` | [`Options::reconcile_timeout`](crate::Options::reconcile_timeout) |
//! | `controllerutil.AddFinalizer` | [`Cache::ensure_finalizer`](crate::Cache::ensure_finalizer), [`Cache::remove_finalizer`](crate::Cache::remove_finalizer) |
//! | `controllerutil.SetControllerReference` | kube's `controller_owner_ref` |
//! | `controllerutil.CreateOrUpdate`, `client.Apply` | [`Cache::apply`](crate::Cache::apply): server-side apply, and no request when nothing differs |
//! | `client.ForceOwnership` | what [`Cache::apply`](crate::Cache::apply) does; [`Cache::try_apply`](crate::Cache::try_apply) does not, and names the other manager |
//! | `Status().Update` | [`Cache::apply_status`](crate::Cache::apply_status) |
//! | deleting what is no longer wanted, by hand | [`Cache::prune`](crate::Cache::prune) |
//! | `meta.SetStatusCondition` | [`conditions::set`](crate::conditions::set); errors become one by [`Registered::with_conditions`](crate::Registered::with_conditions) |
//! | `EventRecorder` | [`Setup::events`](crate::Setup::events) |
//! | `LeaderElection` | [`Options::leader_elect`](crate::Options::leader_elect), with `LeaderElectionReleaseOnCancel`; after the deadline of the lease no write leaves the process |
//! | `metrics.Registry` | [`Manager::registry`](crate::Manager::registry); [`METRICS`](crate::METRICS) are there, under controller-runtime's names |
//! | `filters.WithAuthenticationAndAuthorization` | [`Options::metrics_secure`](crate::Options::metrics_secure), the default |
//! | `healthz.Ping`, `readyz` | `/healthz` tells a blocked event loop, `/readyz` which watch is missing and why |
//! | `zap` and its flags | `tracing`: [`Options::log_level`](crate::Options::log_level), which can be changed while the operator runs |
//! | `envtest.Environment` | `envtest::Environment` (with the feature of that name); the operator runs under its own role |
//!
//! # What there is not, and why
//!
//! - **Metrics of the queue** (`workqueue_depth` and the like). The queue is inside kube's
//!   `Controller`, and what cannot be measured is not shown.
//! - **Field indexes.** Children are found by their owner ([`Cache::owned_by`](crate::Cache::owned_by));
//!   for another relation, keep a map in the context, or look through
//!   [`Cache::state`](crate::Cache::state).
//! - **A client that reads from the cache behind your back.** Whether a read costs a request is seen
//!   by what it is called on.
//! - **Rate limits of the client.** The API server's priority and fairness does it better; its
//!   Retry-After is heeded.
//!
//! # What surprises
//!
//! - Objects are shared (`Arc`) and cannot be changed in place: make the desired object anew, with
//!   the fields that you care for, and apply it. There is no deep copy to forget.
//! - A write is seen at once: neither a conflict nor a second reconcile comes from a stale cache.
//! - A reconcile that fails as long as the API server does is logged and counted, but makes no Events.
//! - Everything runs on the threads of one tokio runtime. What computes for long, or blocks, goes
//!   into `spawn_blocking`.
//!
//! # One reconciler in both
//!
//! ```go
//! func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
//!     var owner corev1.Namespace
//!     if err := r.Get(ctx, req.NamespacedName, &owner); err != nil {
//!         return ctrl.Result{}, client.IgnoreNotFound(err)
//!     }
//!     settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings", Namespace: owner.Name}}
//!     _, err := controllerutil.CreateOrUpdate(ctx, r.Client, settings, func() error {
//!         settings.Data = map[string]string{"owner": owner.Name}
//!         return controllerutil.SetControllerReference(&owner, settings, r.Scheme)
//!     })
//!     return ctrl.Result{}, err
//! }
//!
//! func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
//!     return ctrl.NewControllerManagedBy(mgr).
//!         For(&corev1.Namespace{}).Owns(&corev1.ConfigMap{}).Complete(r)
//! }
//! ```
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
//! use kube::runtime::{controller::Action, watcher::Config};
//! use kube::{Resource, ResourceExt};
//! use opgen_runtime::{CompactCache, ControllerExt, Manager, Result};
//!
//! struct Context {
//!     settings: CompactCache<ConfigMap>,
//! }
//!
//! async fn reconcile(owner: Arc<Namespace>, context: Arc<Context>) -> Result<Action> {
//!     let mut settings = ConfigMap::default();
//!     settings.metadata.name = Some("settings".to_owned());
//!     settings.metadata.namespace = Some(owner.name_any());
//!     settings.metadata.owner_references = Some(Vec::from_iter(owner.controller_owner_ref(&())));
//!     settings.data = Some([("owner".to_owned(), owner.name_any())].into());
//!     context.settings.apply(&settings).await?;
//!     Ok(Action::await_change())
//! }
//!
//! fn register(manager: &Manager) {
//!     let setup = manager.controller("example.com/settings");
//!     let owners = setup.cache::<Namespace>(Config::default());
//!     let settings = setup.compact_cache(Config::default());
//!     let controller = owners.controller().owns_cached(&settings);
//!     setup.run(&owners, controller, reconcile, Arc::new(Context { settings }));
//! }
//! ```
