//! What is under test, built once for all tests that start it themselves.

use std::sync::OnceLock;

use pipetrail_tests::emulators::prepare::{Built, Functions, prepare};

pub(crate) fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        // On a thread of its own: the caller may be inside of a runtime already.
        let built = std::thread::spawn(|| {
            tokio::runtime::Runtime::new()
                .unwrap()
                .block_on(prepare(Functions::Released))
        });
        built.join().unwrap().expect("pipetrail and its functions can be built")
    })
}
