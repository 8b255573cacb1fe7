//! What the worker may use. The one place that knows the system.

/// How much a worker may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confine {
    /// Bytes of memory, of whatever kind.
    pub memory: u64,
    /// Seconds on a processor, in all. A new worker is started after that.
    pub seconds: u64,
}

impl Default for Confine {
    fn default() -> Self {
        Self { memory: 1 << 30, seconds: 600 }
    }
}

/// Takes away from this process whatever it does not need to compute: more memory than it is given, files, sockets, other
/// processes. There is no way back.
///
/// On Unix these are resource limits. No further descriptor than the three it was started with can be opened, so no file and no
/// socket. Elsewhere nothing is taken away, and only the node's patience bounds it.
#[cfg(unix)]
pub(super) fn confine(limits: Confine) -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let only = |count| Rlimit { current: Some(count), maximum: Some(count) };
    // `/` is there as long as anything is; the folder that the node was started in may be somebody's disk to unplug.
    std::env::set_current_dir("/")?;
    setrlimit(Resource::As, only(limits.memory))?;
    setrlimit(Resource::Cpu, only(limits.seconds))?;
    setrlimit(Resource::Core, only(0))?;
    setrlimit(Resource::Fsize, only(0))?;
    setrlimit(Resource::Nofile, only(3))?;
    // It does not bind the superuser, who should not run this.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    setrlimit(Resource::Nproc, only(0))?;
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn confine(_limits: Confine) -> std::io::Result<()> {
    Ok(())
}
