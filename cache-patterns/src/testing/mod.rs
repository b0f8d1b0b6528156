//! For tests: what every store has to do, and doubles that fail on demand. Feature `test-util`.

mod conformance;
mod faults;
mod proxy;

pub use self::conformance::conformance;
pub use self::faults::{FaultStore, Faults};
pub use self::proxy::Proxy;
