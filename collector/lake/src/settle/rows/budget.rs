//! A number of bytes that workers share, so that together they hold no more.

use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes that several workers share.
pub(super) struct Budget {
    whole: u64,
    free: Mutex<u64>,
    freed: Condvar,
}

/// A part of a budget, given back when it is dropped.
pub(super) struct Taken<'b> {
    budget: &'b Budget,
    bytes: u64,
}

impl Budget {
    pub(super) fn of(whole: u64) -> Self {
        Budget {
            whole,
            free: Mutex::new(whole),
            freed: Condvar::new(),
        }
    }

    /// Waits until so many bytes are free; until all are, where it takes more than there are.
    pub(super) fn take(&self, bytes: u64) -> Taken<'_> {
        let bytes = bytes.min(self.whole);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_while(free, |free| *free < bytes);
        *waited.unwrap_or_else(PoisonError::into_inner) -= bytes;
        Taken { budget: self, bytes }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.budget.free.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn workers_never_take_more_than_there_is_and_each_gets_its_turn() {
        let (budget, in_work, most) = (Budget::of(10), AtomicU64::new(0), AtomicU64::new(0));
        let sizes = [3, 4, 25, 1, 10, 0, 6, 2];
        thread::scope(|scope| {
            for bytes in sizes.iter().cycle().take(64) {
                let (budget, in_work, most) = (&budget, &in_work, &most);
                scope.spawn(move || {
                    let taken = budget.take(*bytes);
                    let sum = in_work.fetch_add(taken.bytes, Ordering::SeqCst) + taken.bytes;
                    most.fetch_max(sum, Ordering::SeqCst);
                    thread::yield_now();
                    in_work.fetch_sub(taken.bytes, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(most.into_inner(), 10);
        assert_eq!(*budget.free.lock().unwrap(), 10);
    }
}
