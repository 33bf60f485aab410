// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A monitor with its guest's GPIO driver: connects, starts and stops rings, sends requests and event buffers.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use vhost::vhost_user::message::{
    VhostTransferStateDirection, VhostTransferStatePhase, VhostUserHeaderFlag, VhostUserInflight,
    VhostUserTransferDeviceState,
};
use vhost::vhost_user::{Frontend, VhostUserFrontend, VhostUserProtocolFeatures};
use vhost::{VhostBackend, VhostUserMemoryRegionInfo};
use vm_memory::{ByteValued, GuestMemory, GuestMemoryMmap};
use vmm_sys_util::sock_ctrl_msg::ScmSocket;

use crate::ring::Ring;
use crate::{fail, Outcome};

pub const GET_NAMES: u16 = 1;
pub const GET_DIRECTION: u16 = 2;
pub const SET_DIRECTION: u16 = 3;
pub const GET_VALUE: u16 = 4;
pub const SET_VALUE: u16 = 5;
pub const IRQ_TYPE: u16 = 6;
pub const OUT: u32 = 1;
pub const IN: u32 = 2;
pub const RISING: u32 = 1;

pub const F_IRQ: u64 = 1;
pub const F_VERSION_1: u64 = 1 << 32;
pub const F_PROTOCOL: u64 = 1 << 30;

const SET_DEVICE_STATE_FD: u32 = 42;
const CHECK_DEVICE_STATE: u32 = 43;

pub struct Device<'a> {
    pub frontend: Frontend,
    stream: UnixStream,
    pub protocol: VhostUserProtocolFeatures,
    pub requests: Ring<'a>,
    pub events: Ring<'a>,
}

impl<'a> Device<'a> {
    /// Negotiates all that this front-end can do, and gives the memory; no ring is started.
    pub fn connect(path: &str, memory: &'a GuestMemoryMmap, rings: [Ring<'a>; 2]) -> Outcome<Self> {
        Self::connect_with(path, memory, rings, VhostUserProtocolFeatures::all(), true)
    }

    pub fn connect_with(
        path: &str,
        memory: &'a GuestMemoryMmap,
        rings: [Ring<'a>; 2],
        wanted: VhostUserProtocolFeatures,
        acknowledged: bool,
    ) -> Outcome<Self> {
        let stream = UnixStream::connect(path)?;
        let mut frontend = Frontend::from_stream(stream.try_clone()?, 2);
        frontend.set_owner()?;
        let features = frontend.get_features()?;
        let known = F_IRQ | F_VERSION_1 | F_PROTOCOL;
        if features & known != known {
            return fail(format!("features {features:#x}"));
        }
        // Without a device status: the crate's Frontend has no message for it.
        let protocol = frontend.get_protocol_features()? & wanted & !VhostUserProtocolFeatures::STATUS;
        frontend.set_protocol_features(protocol)?;
        if acknowledged {
            frontend.set_hdr_flags(VhostUserHeaderFlag::NEED_REPLY);
        }
        frontend.set_features(known)?;
        let regions: Vec<_> =
            memory.iter().map(VhostUserMemoryRegionInfo::from_guest_region).collect::<Result<_, _>>()?;
        frontend.set_mem_table(&regions)?;
        let [requests, events] = rings;
        Ok(Device { frontend, stream, protocol, requests, events })
    }

    /// Starts both rings at these positions.
    pub fn start(&mut self, bases: [u16; 2]) -> Outcome<()> {
        for (index, ring) in [&mut self.requests, &mut self.events].into_iter().enumerate() {
            ring.renew()?;
            self.frontend.set_vring_num(index, crate::ring::SIZE)?;
            self.frontend.set_vring_base(index, bases[index])?;
            self.frontend.set_vring_addr(index, &ring.addresses()?)?;
            self.frontend.set_vring_call(index, &ring.call)?;
            self.frontend.set_vring_kick(index, &ring.kick)?;
        }
        for index in 0..2 {
            self.frontend.set_vring_enable(index, true)?;
        }
        Ok(())
    }

    /// Stops both rings: their positions.
    pub fn stop(&mut self) -> Outcome<[u16; 2]> {
        let mut bases = [0; 2];
        for (index, base) in bases.iter_mut().enumerate() {
            *base = self.frontend.get_vring_base(index)? as u16;
        }
        Ok(bases)
    }

    /// The connection ends; the guest and its rings stay.
    pub fn disconnect(self) -> [Ring<'a>; 2] {
        [self.requests, self.events]
    }

    pub fn set_inflight(&mut self, shared: &(VhostUserInflight, File)) -> Outcome<()> {
        Ok(self.frontend.set_inflight_fd(&shared.0, shared.1.as_raw_fd())?)
    }

    fn request_bytes(kind: u16, line: u16, value: u32) -> [u8; 8] {
        let mut bytes = [0; 8];
        bytes[..2].copy_from_slice(&kind.to_le_bytes());
        bytes[2..4].copy_from_slice(&line.to_le_bytes());
        bytes[4..].copy_from_slice(&value.to_le_bytes());
        bytes
    }

    /// A request without a kick.
    pub fn offer(&mut self, head: u16, kind: u16, line: u16, value: u32, room: u32) -> Outcome<()> {
        self.requests.offer(head, &Self::request_bytes(kind, line, value), room)
    }

    pub fn request_into(&mut self, kind: u16, line: u16, value: u32, room: u32) -> Outcome<Vec<u8>> {
        let head = 2 * (self.requests.available() % 8);
        self.offer(head, kind, line, value, room)?;
        self.requests.kick()?;
        let used = self.requests.wait()?;
        if used.head != head {
            return fail(format!("head {} came back, not {head}", used.head));
        }
        Ok(used.bytes)
    }

    /// Status and value.
    pub fn request(&mut self, kind: u16, line: u16, value: u32) -> Outcome<(u8, u8)> {
        match self.request_into(kind, line, value, 2)?[..] {
            [status, value] => Ok((status, value)),
            ref other => fail(format!("{} bytes were written", other.len())),
        }
    }

    pub fn unmask(&mut self, head: u16, line: u16) -> Outcome<()> {
        self.events.offer(head, &line.to_le_bytes(), 1)?;
        self.events.kick()
    }

    /// An interrupt type, then an event buffer; the device has both on return.
    pub fn arm(&mut self, head: u16, line: u16, kind: u32) -> Outcome<()> {
        if self.request(IRQ_TYPE, line, kind)? != (0, 0) {
            return fail("the interrupt type is refused");
        }
        self.unmask(head, line)
    }

    /// The crate has these two messages for back-ends only: they go out beside it.
    fn message(&self, id: u32, payload: &[u8], fds: &[i32]) -> Outcome<u64> {
        let mut out = Vec::new();
        for word in [id, 1, payload.len() as u32] {
            out.extend_from_slice(&word.to_ne_bytes());
        }
        out.extend_from_slice(payload);
        if self.stream.send_with_fds(&[&out[..]], fds)? != out.len() {
            return fail("a message went out in part");
        }
        let mut reply = [0; 20];
        (&self.stream).read_exact(&mut reply)?;
        if reply[..4] != id.to_ne_bytes() || reply[4..8] != 5u32.to_ne_bytes() {
            return fail(format!("reply {reply:?}"));
        }
        Ok(u64::from_ne_bytes(reply[12..].try_into()?))
    }

    pub fn transfer(&self, direction: VhostTransferStateDirection, file: &File) -> Outcome<()> {
        let body = VhostUserTransferDeviceState::new(direction, VhostTransferStatePhase::STOPPED);
        match self.message(SET_DEVICE_STATE_FD, body.as_slice(), &[file.as_raw_fd()])? {
            0x100 => Ok(()),
            other => fail(format!("SET_DEVICE_STATE_FD is answered {other:#x}")),
        }
    }

    pub fn check_transfer(&self) -> Outcome<()> {
        match self.message(CHECK_DEVICE_STATE, &[], &[])? {
            0 => Ok(()),
            other => fail(format!("CHECK_DEVICE_STATE is answered {other:#x}")),
        }
    }
}
