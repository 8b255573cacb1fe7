//! Records a host's packets with `tcpdump`, and knows when it has seen them all.

use super::{
    NetnsError, Packet,
    host::Child,
    namespace::Namespace,
    pcap::{Kind, Reader, Record},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{self, BufRead, BufReader, Read},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    process::{ChildStderr, ChildStdout, Command, Stdio},
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

/// How long `tcpdump` may take to begin, and to show a packet that was sent.
const LIMIT: Duration = Duration::from_secs(10);

/// A recording that goes on until [`Capture::stop`].
#[derive(Debug)]
pub struct Capture {
    tcpdump: Child,
    /// What `tcpdump` says; its last lines tell how many packets it lost.
    stderr: BufReader<ChildStderr>,
    /// Sent to over loopback to mark the end.
    marker: UdpSocket,
    marked: mpsc::Receiver<()>,
    packets: JoinHandle<io::Result<Vec<Packet>>>,
}

impl Capture {
    pub(super) fn start(namespace: Arc<Namespace>) -> Result<Self, NetnsError> {
        let system = |what| move |source| NetnsError::System { what, source };
        let mut command = Command::new("tcpdump");
        // Every interface; no names looked up; each packet at once and no more of it than its heads.
        command
            .args([
                "-i",
                "any",
                "-y",
                "LINUX_SLL2",
                "-n",
                "-U",
                "--immediate-mode",
                "-s",
                "128",
                "-B",
                "16384",
                "-w",
                "-",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let tcpdump = namespace.enter(move || command.spawn())?.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => NetnsError::Missing("tcpdump"),
            _ => NetnsError::System { what: "start tcpdump", source },
        })?;
        let mut tcpdump = Child::new(tcpdump, namespace.clone());
        let (Some(stdout), Some(stderr)) = (tcpdump.process().stdout.take(), tcpdump.process().stderr.take()) else {
            return Err(NetnsError::CaptureBroken("tcpdump has no output"));
        };
        let mut stderr = BufReader::new(stderr);
        listening(&mut stderr)?;
        let marker = namespace
            .enter(|| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)))?
            .map_err(system("bind a socket for the capture's end"))?;
        let end = marker.local_addr().map_err(system("bind a socket for the capture's end"))?;
        let (mark, marked) = mpsc::channel();
        let packets = thread::spawn(move || read(stdout, end, &mark));
        Ok(Self { tcpdump, stderr, marker, marked, packets })
    }

    /// Ends the recording and returns every packet from [`super::Host::capture`] until now, in order.
    ///
    /// # Errors
    /// When packets were lost, so that the recording would not be the whole truth.
    pub fn stop(mut self) -> Result<Vec<Packet>, NetnsError> {
        let failed = |source| NetnsError::System { what: "end tcpdump", source };
        // Packets come in the order in which they were sent: when the mark has come, all have.
        let end = self.marker.local_addr().map_err(failed)?;
        self.marker.send_to(&[], end).map_err(failed)?;
        let seen = self.marked.recv_timeout(LIMIT);
        let pid = Pid::from_child(self.tcpdump.process());
        kill_process(pid, Signal::INT).map_err(|errno| failed(errno.into()))?;
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).map_err(failed)?;
        self.tcpdump.wait().map_err(failed)?;
        seen.map_err(|_| NetnsError::CaptureBroken("its end did not come through"))?;
        match lost(&said) {
            Some(0) => {}
            Some(lost) => return Err(NetnsError::CaptureLost(lost)),
            None => return Err(NetnsError::CaptureBroken("tcpdump does not say what it lost")),
        }
        let packets = self.packets.join().map_err(|_| NetnsError::CaptureBroken("reading it failed"))?;
        packets.map_err(|source| NetnsError::System { what: "read a capture", source })
    }
}

/// Waits until `tcpdump` says that it has begun.
fn listening(stderr: &mut impl BufRead) -> Result<(), NetnsError> {
    let mut said = String::new();
    loop {
        let start = said.len();
        let read = stderr
            .read_line(&mut said)
            .map_err(|source| NetnsError::System { what: "read what tcpdump says", source })?;
        if said[start..].contains("listening on") {
            return Ok(());
        }
        if read == 0 {
            return Err(NetnsError::Command { command: "tcpdump".to_owned(), stderr: said.trim().to_owned() });
        }
    }
}

fn read(stdout: ChildStdout, end: SocketAddr, mark: &mpsc::Sender<()>) -> io::Result<Vec<Packet>> {
    let mut reader = Reader::new(BufReader::new(stdout))?;
    let mut packets = Vec::new();
    while let Some(Record { packet, loopback }) = reader.next()? {
        if !loopback {
            packets.push(packet);
        } else if packet.kind == Kind::Udp && packet.to == end && packet.from == end {
            // The receiver may have given up.
            let _ = mark.send(());
        }
    }
    Ok(packets)
}

/// Out of tcpdump's closing words: "0 packets dropped by kernel".
fn lost(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("dropped by kernel"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::lost;

    #[test]
    fn knows_what_was_lost() {
        let said = "2 packets captured\n4 packets received by filter\n7 packets dropped by kernel\n";
        assert_eq!(lost(said), Some(7));
        assert_eq!(lost("tcpdump: killed"), None);
    }
}
