//! How an office's gateway translates UDP, as nftables rules.
//!
//! The kinds are those of RFC 4787's terms in everyday use. All of them keep quiet about what they do not let in.

/// A kind of network address translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nat {
    /// One outer port per inner socket, and whoever knows it may send to it (endpoint-independent mapping and
    /// filtering). Inner sockets of different hosts need different ports.
    FullCone,
    /// One outer port per inner socket, and only those may send to it to whom something was sent from it
    /// (address- and port-dependent filtering): what most homes have. Hole punching works.
    PortRestricted,
    /// A new, random outer port for each destination (address- and port-dependent mapping): hole punching fails
    /// against another of its kind or a port-restricted one.
    Symmetric,
}

impl Nat {
    /// The rules for a gateway whose outer interface is `wan0`.
    pub(super) fn rules(self) -> String {
        let (declare, inward, outward) = match self {
            Self::FullCone => (
                "map inside { type inet_service : ipv4_addr; flags dynamic,timeout; timeout 10m; }",
                "iifname wan0 meta l4proto udp dnat to udp dport map @inside",
                "oifname wan0 meta l4proto udp update @inside { udp sport : ip saddr }
                 oifname wan0 masquerade",
            ),
            Self::PortRestricted => ("", "", "oifname wan0 masquerade"),
            Self::Symmetric => ("", "", "oifname wan0 masquerade fully-random"),
        };
        format!(
            "table ip gateway {{
               {declare}
               chain inward {{ type nat hook prerouting priority dstnat; {inward}
               }}
               chain outward {{ type nat hook postrouting priority srcnat; {outward}
               }}
               chain pass {{ type filter hook forward priority filter;
                 iifname wan0 ct state new ct status & dnat != dnat drop
               }}
               # An unknown packet must not even leave a trace: the kernel would remember its ports, and an inner
               # socket that then sends the other way would get another outer port.
               chain own {{ type filter hook input priority filter;
                 iifname wan0 ct state new drop
               }}
             }}"
        )
    }
}
