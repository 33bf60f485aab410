// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The cases. Each has a guest memory of its own, so the device is a new one to it.

use std::fs::File;
use std::io::{Read, Write};
use std::mem::size_of;
use std::os::fd::AsRawFd;

use vhost::vhost_user::message::{
    DescStateSplit, QueueRegionSplit, VhostTransferStateDirection, VhostUserConfigFlags, VhostUserInflight,
};
use vhost::vhost_user::{VhostUserFrontend, VhostUserProtocolFeatures};
use vhost::{VhostBackend, VhostUserDirtyLogRegion, VhostUserMemoryRegionInfo};
use vm_memory::{GuestMemoryMmap};

use crate::device::*;
use crate::files::{guest_memory, memfd, pipe, LEN};
use crate::ring::{Ring, SIZE};
use crate::{fail, Outcome, Rig};

type Case = fn(&Rig) -> Outcome<()>;

pub const CASES: &[(&str, Case)] = &[
    ("start", start),
    ("configuration", configuration),
    ("refusals_reach_the_front_end", refusals),
    ("memory_slots", memory_slots),
    ("outputs", outputs),
    ("inputs", inputs),
    ("names", names),
    ("errors", errors),
    ("many_at_once", many_at_once),
    ("event", event),
    ("event_buffer_comes_back_at_disable", disable),
    ("pause", pause),
    ("edge_during_a_pause", edge_during_a_pause),
    ("reset_device", reset_device),
    ("in_flight_region", in_flight_region),
    ("in_flight_across_a_reconnect", in_flight_across_a_reconnect),
    ("in_flight_at_another_back_end", in_flight_at_another_back_end),
    ("dirty_log", dirty_log),
    ("dirty_log_without_acknowledgements", dirty_log_without_acknowledgements),
    ("device_state", device_state),
];

const REQUESTS: u64 = 0x1_0000;
const EVENTS: u64 = 0x2_0000;

macro_rules! want {
    ($got:expr, $want:expr) => {{
        let (got, want) = ($got, $want);
        if got != want {
            return fail(format!("line {}: {} is {got:?}, not {want:?}", line!(), stringify!($got)));
        }
    }};
}

fn rings(memory: &GuestMemoryMmap) -> Outcome<[Ring<'_>; 2]> {
    Ok([Ring::new(memory, REQUESTS)?, Ring::new(memory, EVENTS)?])
}

fn connected<'a>(rig: &Rig, memory: &'a GuestMemoryMmap) -> Outcome<Device<'a>> {
    Device::connect(&rig.socket("one"), memory, rings(memory)?)
}

fn started<'a>(rig: &Rig, memory: &'a GuestMemoryMmap) -> Outcome<Device<'a>> {
    rig.control(&["set", "one.2=0", "one.3=0", "two.2=0", "two.3=0"])?;
    let mut device = connected(rig, memory)?;
    device.start([0, 0])?;
    Ok(device)
}

fn start(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = connected(rig, &memory)?;
    type P = VhostUserProtocolFeatures;
    let needed = P::MQ | P::REPLY_ACK | P::CONFIG | P::INFLIGHT_SHMFD | P::CONFIGURE_MEM_SLOTS | P::LOG_SHMFD
        | P::RESET_DEVICE | P::DEVICE_STATE;
    want!(device.protocol & needed, needed);
    want!(device.frontend.get_queue_num()?, 2);
    device.start([0, 0])?;
    want!(device.request(GET_DIRECTION, 0, 0)?, (0, 0));
    Ok(())
}

fn configuration(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = connected(rig, &memory)?;
    let none = VhostUserConfigFlags::empty();
    let names = "dummy0\0".len() as u8 * 8;
    let (_, all) = device.frontend.get_config(0, 8, none, &[0; 8])?;
    want!(all, [8, 0, 0, 0, names, 0, 0, 0]);
    want!(device.frontend.get_config(4, 4, none, &[0; 4])?.1, [names, 0, 0, 0]);
    want!(device.frontend.get_config(0, 2, none, &[0; 2])?.1, [8, 0]);
    Ok(())
}

/// An acknowledgement that is not 0 is an error of the crate, and the connection lives on.
fn refusals(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = connected(rig, &memory)?;
    let flags = VhostUserConfigFlags::WRITABLE;
    want!(device.frontend.set_config(0, flags, &[1]).is_err(), true);
    want!(device.frontend.get_queue_num()?, 2);
    Ok(())
}

fn memory_slots(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = started(rig, &memory)?;
    want!(device.frontend.get_max_mem_slots()? > 1, true);
    let file = memfd(LEN)?;
    let region = VhostUserMemoryRegionInfo {
        guest_phys_addr: 0x1000_0000,
        memory_size: LEN as u64,
        userspace_addr: 0x1000_0000,
        mmap_offset: 0,
        mmap_handle: file.as_raw_fd(),
    };
    device.frontend.add_mem_region(&region)?;
    want!(device.request(GET_DIRECTION, 0, 0)?, (0, 0));
    device.frontend.remove_mem_region(&region)?;
    want!(device.request(GET_DIRECTION, 0, 0)?, (0, 0));
    Ok(())
}

fn outputs(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = started(rig, &memory)?;
    for level in [1, 0, 1] {
        want!(device.request(SET_VALUE, 5, level)?, (0, 0));
        want!(device.request(SET_DIRECTION, 5, OUT)?, (0, 0));
        want!(device.request(GET_DIRECTION, 5, 0)?, (0, 1));
        want!(device.request(GET_VALUE, 5, 0)?, (0, level as u8));
        want!(rig.level("one.5")?, level == 1);
    }
    Ok(())
}

fn inputs(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = started(rig, &memory)?;
    want!(device.request(SET_DIRECTION, 2, IN)?, (0, 0));
    want!(device.request(GET_DIRECTION, 2, 0)?, (0, 2));
    for level in [1, 0] {
        rig.control(&["set", &format!("one.2={level}")])?;
        want!(device.request(GET_VALUE, 2, 0)?, (0, level));
    }
    Ok(())
}

fn names(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = started(rig, &memory)?;
    let answer = device.request_into(GET_NAMES, 0, 0, 1 + 56)?;
    let expected: String = (0..8).map(|line| format!("dummy{line}\0")).collect();
    want!(answer[0], 0);
    want!(String::from_utf8(answer[1..].to_vec())?, expected);
    Ok(())
}

fn errors(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = started(rig, &memory)?;
    for (kind, line, value) in [
        (GET_DIRECTION, 8, 0),
        (SET_DIRECTION, 0, 3),
        (SET_VALUE, 0, 2),
        (GET_VALUE, 0xffff, 0),
        (IRQ_TYPE, 0, 5),
        (0, 0, 0),
        (7, 0, 0),
    ] {
        want!(device.request(kind, line, value)?, (1, 0));
    }
    want!(device.request(GET_DIRECTION, 0, 0)?, (0, 0));
    Ok(())
}

/// A full ring before one kick, more than once around.
fn many_at_once(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = started(rig, &memory)?;
    for _ in 0..5 {
        for line in 0..8 {
            device.offer(2 * line, GET_DIRECTION, line, 0, 2)?;
        }
        device.requests.kick()?;
        for line in 0..8 {
            let used = device.requests.wait()?;
            want!((used.head, &used.bytes[..]), (2 * line, &[0, 0][..]));
        }
    }
    Ok(())
}

fn armed<'a>(rig: &Rig, memory: &'a GuestMemoryMmap) -> Outcome<Device<'a>> {
    let mut device = started(rig, memory)?;
    for line in [2, 3] {
        want!(device.request(SET_DIRECTION, line, IN)?, (0, 0));
        device.arm(2 * line, line, RISING)?;
    }
    Ok(device)
}

/// The line rises, and its buffer comes back, and no other one does.
fn rises(rig: &Rig, device: &mut Device, guest: &str, line: u16) -> Outcome<()> {
    rig.control(&["set", &format!("{guest}.{line}=1")])?;
    let used = device.events.wait()?;
    want!((used.head, &used.bytes[..]), (2 * line, &[1][..]));
    want!(device.events.is_silent()?, true);
    Ok(())
}

fn event(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = armed(rig, &memory)?;
    rises(rig, &mut device, "one", 3)?;
    // Latched while the driver has the buffer.
    rig.control(&["set", "one.3=0"])?;
    rig.control(&["set", "one.3=1"])?;
    want!(device.events.is_silent()?, true);
    device.unmask(6, 3)?;
    want!(device.events.wait()?.head, 6);
    rises(rig, &mut device, "one", 2)
}

fn disable(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = armed(rig, &memory)?;
    want!(device.request(IRQ_TYPE, 2, 0)?, (0, 0));
    let used = device.events.wait()?;
    want!((used.head, &used.bytes[..]), (4, &[0][..]));
    rises(rig, &mut device, "one", 3)
}

fn pause(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = armed(rig, &memory)?;
    want!(device.request(SET_DIRECTION, 5, OUT)?, (0, 0));
    want!(device.request(SET_VALUE, 5, 1)?, (0, 0));
    for _ in 0..3 {
        let bases = device.stop()?;
        want!(bases[0], device.requests.available());
        device.start(bases)?;
        want!(device.request(GET_DIRECTION, 5, 0)?, (0, 1));
        want!(device.request(GET_VALUE, 5, 0)?, (0, 1));
    }
    rises(rig, &mut device, "one", 3)?;
    rises(rig, &mut device, "one", 2)
}

fn edge_during_a_pause(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = armed(rig, &memory)?;
    let bases = device.stop()?;
    rig.control(&["set", "one.3=1"])?;
    want!(device.events.is_silent()?, true);
    device.start(bases)?;
    want!(device.events.wait()?.head, 6);
    rises(rig, &mut device, "one", 2)
}

fn reset_device(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = started(rig, &memory)?;
    want!(device.request(SET_DIRECTION, 5, OUT)?, (0, 0));
    device.stop()?;
    device.frontend.reset_device()?;
    [device.requests, device.events] = rings(&memory)?;
    device.start([0, 0])?;
    want!(device.request(GET_DIRECTION, 5, 0)?, (0, 0));
    Ok(())
}

/// The heads of ring 1 that the region of the crate's own format says to be in flight.
fn in_flight(shared: &(VhostUserInflight, File)) -> Outcome<Vec<u16>> {
    let mut bytes = vec![0; shared.0.mmap_size as usize];
    std::os::unix::fs::FileExt::read_exact_at(&shared.1, &mut bytes, shared.0.mmap_offset)?;
    let at = bytes.len() / usize::from(shared.0.num_queues) + size_of::<QueueRegionSplit>() - size_of::<u64>();
    let entry = |head: u16| bytes[at + usize::from(head) * size_of::<DescStateSplit>()];
    Ok((0..SIZE).filter(|head| entry(*head) == 1).collect())
}

fn with_region<'a>(rig: &Rig, memory: &'a GuestMemoryMmap) -> Outcome<(Device<'a>, (VhostUserInflight, File))> {
    rig.control(&["set", "one.2=0", "one.3=0"])?;
    let mut device = connected(rig, memory)?;
    let shared = device.frontend.get_inflight_fd(&VhostUserInflight::new(0, 0, 2, SIZE))?;
    want!((shared.0.num_queues, shared.0.queue_size), (2, SIZE));
    device.set_inflight(&shared)?;
    device.start([0, 0])?;
    for line in [2, 3] {
        want!(device.request(SET_DIRECTION, line, IN)?, (0, 0));
        device.arm(2 * line, line, RISING)?;
    }
    Ok((device, shared))
}

fn in_flight_region(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let (mut device, shared) = with_region(rig, &memory)?;
    rises(rig, &mut device, "one", 2)?;
    // A stop, so that the device has taken what there is.
    let bases = device.stop()?;
    want!(in_flight(&shared)?, [6]);
    device.start(bases)?;
    rises(rig, &mut device, "one", 3)?;
    want!(in_flight(&shared)?.is_empty(), true);
    Ok(())
}

/// The buffer that was offered last is used first, so no index says which one is still the device's; and as
/// cloud-hypervisor does it: the base is the used index, and no kick comes.
fn comes_back<'a>(rig: &Rig, memory: &'a GuestMemoryMmap, guest: &str) -> Outcome<Device<'a>> {
    let (mut device, shared) = with_region(rig, memory)?;
    rises(rig, &mut device, "one", 3)?;
    let bases = [device.requests.used_index()?, device.events.used_index()?];
    let rings = device.disconnect();
    let mut device = Device::connect(&rig.socket(guest), memory, rings)?;
    device.set_inflight(&shared)?;
    device.start(bases)?;
    Ok(device)
}

fn in_flight_across_a_reconnect(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = comes_back(rig, &memory, "one")?;
    want!(device.request(GET_DIRECTION, 2, 0)?, (0, 2));
    rises(rig, &mut device, "one", 2)
}

/// Which knows of the rings what the region says, and nothing of the lines.
fn in_flight_at_another_back_end(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = comes_back(rig, &memory, "two")?;
    want!(device.request(GET_DIRECTION, 2, 0)?, (0, 0));
    want!(device.request(SET_DIRECTION, 2, IN)?, (0, 0));
    want!(device.request(IRQ_TYPE, 2, RISING)?, (0, 0));
    rises(rig, &mut device, "two", 2)
}

fn dirty_log(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let device = started(rig, &memory)?;
    logs(device)
}

/// The crate does not read the reply that this message always has.
fn dirty_log_without_acknowledgements(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let wanted = VhostUserProtocolFeatures::LOG_SHMFD;
    let mut device = Device::connect_with(&rig.socket("one"), &memory, rings(&memory)?, wanted, false)?;
    device.start([0, 0])?;
    logs(device)
}

/// The connection is in step afterwards.
fn logs(mut device: Device) -> Outcome<()> {
    let log = memfd(4096)?;
    let region = VhostUserDirtyLogRegion { mmap_size: 4096, mmap_offset: 0, mmap_handle: log.as_raw_fd() };
    device.frontend.set_log_base(0, Some(region))?;
    device.frontend.set_features(F_IRQ | F_VERSION_1 | F_PROTOCOL | 1 << 26)?;
    want!(device.request(GET_DIRECTION, 0, 0)?, (0, 0));
    let mut bits = [0; 4096];
    std::os::unix::fs::FileExt::read_exact_at(&log, &mut bits, 0)?;
    // The page of the response.
    let page = (REQUESTS + 0x1000) / 4096;
    want!(bits[page as usize / 8] >> (page % 8) & 1, 1);
    device.frontend.get_features()?;
    Ok(())
}

/// From one back-end to the other, with an output, an interrupt type and a held buffer.
fn device_state(rig: &Rig) -> Outcome<()> {
    let memory = guest_memory()?;
    let mut device = armed(rig, &memory)?;
    want!(device.request(SET_DIRECTION, 5, OUT)?, (0, 0));
    want!(device.request(SET_VALUE, 5, 1)?, (0, 0));
    let bases = device.stop()?;
    let mut state = Vec::new();
    let (mut reader, writer) = pipe()?;
    device.transfer(VhostTransferStateDirection::SAVE, &writer)?;
    drop(writer);
    reader.read_to_end(&mut state)?;
    device.check_transfer()?;
    let rings = device.disconnect();
    let mut device = Device::connect(&rig.socket("two"), &memory, rings)?;
    let (reader, mut writer) = pipe()?;
    device.transfer(VhostTransferStateDirection::LOAD, &reader)?;
    drop(reader);
    writer.write_all(&state)?;
    drop(writer);
    device.check_transfer()?;
    device.start(bases)?;
    want!(device.request(GET_DIRECTION, 5, 0)?, (0, 1));
    want!(device.request(GET_VALUE, 5, 0)?, (0, 1));
    want!(rig.level("two.5")?, true);
    rises(rig, &mut device, "two", 3)?;
    rises(rig, &mut device, "two", 2)
}
