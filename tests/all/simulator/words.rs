//! Names that nobody has heard of: of services, people's hosts, and of errors that no signature can know.

use super::rng::Rng;

const SERVICES: [&str; 20] = [
    "ledger",
    "courier",
    "relay",
    "invoices",
    "pricefeed",
    "thumbs",
    "mailer",
    "orders",
    "roster",
    "catalog",
    "tides",
    "beacon",
    "parcel",
    "quill",
    "harvest",
    "atlas",
    "tariff",
    "lantern",
    "depot",
    "registry",
];
const NOUNS: [&str; 28] = [
    "Ledger", "Shard", "Quota", "Tenant", "Envelope", "Cursor", "Lease", "Manifest", "Voucher", "Snapshot", "Route",
    "Palette", "Tariff", "Digest", "Beacon", "Ticket", "Fence", "Epoch", "Roster", "Parcel", "Anchor", "Glyph",
    "Locale", "Badge", "Basket", "Depot", "Warrant", "Plot",
];
const TROUBLES: [&str; 14] = [
    "Mismatch",
    "Drift",
    "Overlap",
    "Missing",
    "Stale",
    "Conflict",
    "Underflow",
    "Rejected",
    "Expired",
    "Locked",
    "Orphaned",
    "Inverted",
    "Torn",
    "Unsealed",
];
const VERBS: [&str; 10] =
    ["reconcile", "seal", "rehydrate", "fold", "advance", "publish", "splice", "renumber", "attach", "decode"];
const THINGS: [&str; 16] = [
    "tenant map",
    "rate card",
    "shipping zone",
    "write fence",
    "cursor page",
    "badge table",
    "replica set token",
    "price ladder",
    "partition owner",
    "signing lease",
    "holiday calendar",
    "region table",
    "postal index",
    "colour profile",
    "device roster",
    "fee schedule",
];
const REASONS: [&str; 14] = [
    "has no owner",
    "is older than its parent",
    "was written by a newer release",
    "does not add up",
    "refers to a closed period",
    "overlaps its neighbour",
    "has the wrong checksum",
    "ends before it begins",
    "is sealed twice",
    "names a region that is not there",
    "has an odd number of legs",
    "was never committed",
    "is missing its header",
    "counts below zero",
];
const HOSTS: [&str; 8] = ["box7", "edge-2", "mini", "srv-a4", "node-11", "gw-lab", "ip-10-0-3-7", "hearth"];
const TITLES: [&str; 8] = ["API", "Worker", "Gateway", "Service", "Daemon", "Server", "Sync", "Feed"];

pub fn service(rng: &mut Rng) -> String {
    let name = *rng.pick(&SERVICES);
    match rng.below(4) {
        0 => format!("{name}-api"),
        1 => format!("{name}-worker"),
        _ => name.to_owned(),
    }
}

pub fn host(rng: &mut Rng) -> String {
    (*rng.pick(&HOSTS)).to_owned()
}

pub fn title(rng: &mut Rng, name: &str) -> String {
    let mut letters = name.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{} {}", letters.as_str(), rng.pick(&TITLES))
}

/// `LedgerDrift`, to which languages put their own endings.
pub fn exception(rng: &mut Rng) -> String {
    format!("{}{}", rng.pick(&NOUNS), rng.pick(&TROUBLES))
}

/// `cannot seal write fence 4413: it counts below zero`, with the part that stays the same from run to run.
pub fn complaint(rng: &mut Rng) -> (String, String) {
    let (verb, thing, reason) = (*rng.pick(&VERBS), *rng.pick(&THINGS), *rng.pick(&REASONS));
    match rng.below(4) {
        0 => {
            let text = format!("cannot {verb} {thing}: it {reason}");
            (text.clone(), text)
        }
        1 => (format!("{thing} {{n}} {reason}"), reason.to_owned()),
        2 => {
            let text = format!("{thing} {reason}, refusing to {verb}");
            (text.clone(), text)
        }
        _ => (format!("{verb} failed for {thing} {{n}}: {reason}"), format!("{verb} failed for {thing}")),
    }
}
