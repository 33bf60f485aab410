// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The driver's side of a split ring, in a guest memory of vm-memory, with the descriptors of virtio-queue.

use std::os::fd::AsRawFd;
use std::sync::atomic::Ordering;

use vhost::VringConfigData;
use virtio_queue::{Descriptor, VirtqUsedElem};
use vm_memory::{Bytes, GuestAddress, GuestMemory, GuestMemoryMmap};
use vmm_sys_util::eventfd::{EventFd, EFD_NONBLOCK};

use crate::{fail, Outcome};

pub const SIZE: u16 = 16;
const NEXT: u16 = 1;
const WRITE: u16 = 2;
const AVAIL: u64 = 0x400;
const USED: u64 = 0x800;
const SLOTS: u64 = 0x1000;
const SLOT: u64 = 0x200;
const RESPONSE: u64 = 0x40;
const PATIENCE_MS: i32 = 20_000;

/// What the device returned: the head, how much it says that it wrote, and that many bytes.
pub struct Used {
    pub head: u16,
    pub bytes: Vec<u8>,
}

/// A chain has two descriptors, and a slot for what they point to; heads are even.
pub struct Ring<'a> {
    memory: &'a GuestMemoryMmap,
    base: u64,
    avail: u16,
    seen: u16,
    pub kick: EventFd,
    pub call: EventFd,
}

impl<'a> Ring<'a> {
    pub fn new(memory: &'a GuestMemoryMmap, base: u64) -> Outcome<Self> {
        memory.write_slice(&[0; SLOTS as usize], GuestAddress(base))?;
        Ok(Ring {
            memory,
            base,
            avail: 0,
            seen: 0,
            kick: EventFd::new(EFD_NONBLOCK)?,
            call: EventFd::new(EFD_NONBLOCK)?,
        })
    }

    /// New event fds: those of a ring that stopped may be signalled.
    pub fn renew(&mut self) -> Outcome<()> {
        self.kick = EventFd::new(EFD_NONBLOCK)?;
        self.call = EventFd::new(EFD_NONBLOCK)?;
        Ok(())
    }

    pub fn addresses(&self) -> Outcome<VringConfigData> {
        let host = |at| self.memory.get_host_address(GuestAddress(self.base + at)).map(|p| p as u64);
        Ok(VringConfigData {
            queue_max_size: SIZE,
            queue_size: SIZE,
            flags: 0,
            desc_table_addr: host(0)?,
            used_ring_addr: host(USED)?,
            avail_ring_addr: host(AVAIL)?,
            log_addr: None,
        })
    }

    pub fn available(&self) -> u16 {
        self.avail
    }

    pub fn used_index(&self) -> Outcome<u16> {
        Ok(self.memory.load(GuestAddress(self.base + USED + 2), Ordering::Acquire)?)
    }

    /// Makes a chain available, in the slot of this head, without a kick.
    pub fn offer(&mut self, head: u16, request: &[u8], room: u32) -> Outcome<()> {
        let slot = self.base + SLOTS + u64::from(head / 2) * SLOT;
        let memory = self.memory;
        memory.write_slice(request, GuestAddress(slot))?;
        memory.write_slice(&vec![0xaa; room as usize], GuestAddress(slot + RESPONSE))?;
        let table = self.base + u64::from(head) * 16;
        memory.write_obj(Descriptor::new(slot, request.len() as u32, NEXT, head + 1), GuestAddress(table))?;
        memory.write_obj(Descriptor::new(slot + RESPONSE, room, WRITE, 0), GuestAddress(table + 16))?;
        memory.write_obj(head, GuestAddress(self.base + AVAIL + 4 + 2 * u64::from(self.avail % SIZE)))?;
        self.avail = self.avail.wrapping_add(1);
        memory.store(self.avail, GuestAddress(self.base + AVAIL + 2), Ordering::Release)?;
        Ok(())
    }

    pub fn kick(&self) -> Outcome<()> {
        Ok(self.kick.write(1)?)
    }

    /// The next chain that comes back; sleeps on the call.
    pub fn wait(&mut self) -> Outcome<Used> {
        while self.used_index()? == self.seen {
            let mut poll = libc::pollfd { fd: self.call.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one valid pollfd.
            if unsafe { libc::poll(&mut poll, 1, PATIENCE_MS) } != 1 {
                return fail("nothing came back from the device");
            }
            self.call.read()?;
        }
        let at = self.base + USED + 4 + 8 * u64::from(self.seen % SIZE);
        let element: VirtqUsedElem = self.memory.read_obj(GuestAddress(at))?;
        let (head, len) = (element.id() as u16, element.len() as usize);
        if element.id() >= u32::from(SIZE) || len > (SLOT - RESPONSE) as usize {
            return fail(format!("used element {{{}, {}}}", element.id(), len));
        }
        let mut bytes = vec![0; len];
        let slot = self.base + SLOTS + u64::from(head / 2) * SLOT;
        self.memory.read_slice(&mut bytes, GuestAddress(slot + RESPONSE))?;
        self.seen = self.seen.wrapping_add(1);
        Ok(Used { head, bytes })
    }

    /// Whether nothing comes back.
    pub fn is_silent(&self) -> Outcome<bool> {
        Ok(self.used_index()? == self.seen)
    }
}
