//! A computer in a lab, and what runs on it.

use super::{
    Capture, Lan, NetnsError, Plug,
    namespace::{self, Namespace},
};

use std::{
    future::Future,
    net::Ipv4Addr,
    process::{self, Command, ExitStatus},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

/// A computer. Dropping it ends what runs on it and removes it.
#[derive(Debug)]
pub struct Host {
    // Fields are dropped in this order: what uses the namespace goes before it.
    runtime: Mutex<Option<Runtime>>,
    plug: Option<Plug>,
    namespace: Arc<Namespace>,
}

impl Host {
    pub(super) fn new(namespace: Namespace) -> Self {
        Self { runtime: Mutex::default(), plug: None, namespace: Arc::new(namespace) }
    }

    /// The host's address on its LAN; loopback for an island.
    pub fn address(&self) -> Ipv4Addr {
        self.plug.as_ref().map_or(Ipv4Addr::LOCALHOST, |plug| plug.address)
    }

    /// Carries the host to another LAN, where it gets another address: a laptop that changes networks.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn plug_into(&mut self, lan: &Lan) -> Result<(), NetnsError> {
        if let Some(old) = self.plug.take() {
            // Both ends of a cable go together.
            old.lan.ip(&["link", "delete", &old.port])?;
        }
        self.plug = Some(lan.plug(&self.namespace, "eth0")?);
        Ok(())
    }

    /// Pulls the cable: the host sees that it has none.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn cut(&self) -> Result<(), NetnsError> {
        self.plug.as_ref().map_or(Ok(()), |plug| plug.set("down"))
    }

    /// Plugs the cable in again.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn heal(&self) -> Result<(), NetnsError> {
        self.plug.as_ref().map_or(Ok(()), |plug| plug.set("up"))
    }

    /// Limits what the host sends and what it receives to so many bits per second each; `None` lifts the limit.
    /// At most 50 ms of traffic wait for their turn.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn limit_rate(&self, rate: Option<u64>) -> Result<(), NetnsError> {
        let Some(plug) = &self.plug else { return Ok(()) };
        for (namespace, interface) in [(&*self.namespace, "eth0"), (&*plug.lan, plug.port.as_str())] {
            let Some(rate) = rate else {
                // There may be none to remove.
                let _ = namespace.tc(&["qdisc", "delete", "dev", interface, "root"]);
                continue;
            };
            // A tick's worth at 250 Hz, and at least one large segmented packet.
            let burst = (rate / 8 / 250).max(64 << 10).to_string();
            let rate = format!("{rate}bit");
            #[rustfmt::skip]
            namespace.tc(&[
                "qdisc", "replace", "dev", interface, "root", "tbf", "rate", &rate, "burst", &burst, "latency", "50ms",
            ])?;
        }
        Ok(())
    }

    /// Runs `act` on a thread inside the host. Sockets made there stay there and can be used from anywhere.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn enter<T: Send>(&self, act: impl FnOnce() -> T + Send) -> Result<T, NetnsError> {
        self.namespace.enter(act)
    }

    /// Runs a task of this process on the host: every thread that may ever work on it lies inside the host, so that
    /// whatever sockets it makes, and whatever it asks the system about its network, are the host's.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn spawn_task<F>(&self, task: F) -> Result<JoinHandle<F::Output>, NetnsError>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*runtime {
            return Ok(runtime.spawn(task));
        }
        // Fails here, where it can be returned, rather than on a thread of the runtime.
        self.enter(|| ())?;
        let name = self.namespace.name.clone();
        let inside = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .on_thread_start(move || {
                if let Err(error) = namespace::move_this_thread(&name) {
                    // A thread outside would quietly test something else.
                    eprintln!("a thread could not enter {name}: {error}");
                    process::abort();
                }
            })
            .build()
            .map_err(|source| NetnsError::System { what: "start a runtime inside a host", source })?;
        Ok(runtime.insert(inside).spawn(task))
    }

    /// Starts a program on the host. It is killed when its handle is dropped.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&self, mut command: Command) -> Result<Child, NetnsError> {
        let child = self.enter(move || command.spawn())?;
        child
            .map(|inner| Child::new(inner, self.namespace.clone()))
            .map_err(|source| NetnsError::System { what: "start a program inside a host", source })
    }

    pub(crate) fn namespace(&self) -> Arc<Namespace> {
        self.namespace.clone()
    }

    /// Records every packet that the host sends or receives from now on, except on loopback.
    ///
    /// # Errors
    /// When `tcpdump` is missing or fails.
    pub fn capture(&self) -> Result<Capture, NetnsError> {
        Capture::start(self.namespace.clone())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let runtime = self.runtime.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            // Dropped from within another runtime, it must not wait.
            runtime.shutdown_background();
        }
    }
}

/// A program that runs on a host, and ends with this handle.
#[derive(Debug)]
pub struct Child {
    inner: process::Child,
    /// The host's network stays as long as somebody uses it.
    _namespace: Arc<Namespace>,
}

impl Child {
    pub(super) fn new(inner: process::Child, namespace: Arc<Namespace>) -> Self {
        Self { inner, _namespace: namespace }
    }

    /// The process, with whatever streams its command asked for.
    pub fn process(&mut self) -> &mut process::Child {
        &mut self.inner
    }

    /// Waits until the program ends.
    ///
    /// # Errors
    /// When the system does not know it any more.
    pub fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.inner.wait()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.inner.kill();
        let _ = self.inner.wait();
    }
}
