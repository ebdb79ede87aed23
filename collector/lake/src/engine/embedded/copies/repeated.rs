//! Which keys stand more than once: found once per query, for both sides of a split.
//!
//! A key is known by a hash of 64 bits. Two keys that share one only send their rows through the sort.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::common::runtime::JoinSet;
use datafusion::common::{DataFusionError, Result, internal_datafusion_err};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt, Shared as SharedFuture};

/// Parts that hashes are sorted in: at 10 million keys a part fits into a core's cache.
const PARTS: usize = 256;

type Hashes = HashSet<u64, BuildHasherDefault<AsIs>>;

/// The hashes of keys that stand more than once.
pub(super) enum Repeated {
    /// These, and the memory they take.
    Known { hashes: Hashes, _memory: MemoryReservation },
    /// There is no memory to tell: every row goes through the sort, which needs none.
    Unknown,
}

impl Repeated {
    pub(super) fn contains(&self, hash: u64) -> bool {
        match self {
            Repeated::Known { hashes, .. } => hashes.contains(&hash),
            Repeated::Unknown => true,
        }
    }

    /// Whether no row at all goes through the sort.
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Repeated::Known { hashes, .. } if hashes.is_empty())
    }
}

/// A hash is its own hash.
#[derive(Default)]
pub(super) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The hashes of an array of keys.
///
/// # Errors
/// A type that cannot be hashed.
pub(super) fn hashes(keys: &ArrayRef) -> Result<Vec<u64>> {
    let mut hashes = vec![0; keys.len()];
    create_hashes([keys], &RandomState::with_seed(0x7472_6169), &mut hashes)?;
    Ok(hashes)
}

type Answer = Result<Arc<Repeated>, Arc<DataFusionError>>;
type Future = SharedFuture<BoxFuture<'static, Answer>>;

/// The search for them, begun by whoever asks first. It goes on although that one stops asking.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Option<Future>>>);

impl Shared {
    /// What is found in the first column of these rows.
    pub(super) fn search(&self, keys: &Arc<dyn ExecutionPlan>, context: &Arc<TaskContext>) -> Future {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let future = begun.get_or_insert_with(|| {
            let search = search(Arc::clone(keys), Arc::clone(context));
            search
                .map(|found| found.map(Arc::new).map_err(Arc::new))
                .boxed()
                .shared()
        });
        future.clone()
    }
}

async fn search(keys: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>) -> Result<Repeated> {
    let memory = MemoryConsumer::new("event keys").register(context.memory_pool());
    let mut reading = JoinSet::new();
    for partition in 0..keys.output_partitioning().partition_count() {
        let rows = keys.execute(partition, Arc::clone(&context))?;
        reading.spawn(read(rows, memory.new_empty()));
    }
    let mut read = Vec::new();
    while let Some(ended) = reading.join_next().await {
        match ended.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?? {
            Some(hashes) => read.push(hashes),
            None => return Ok(Repeated::Unknown),
        }
    }
    let finding = tokio::task::spawn_blocking(move || find(read));
    let found = finding
        .await
        .map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))??;
    match memory.try_grow(found.capacity() * (size_of::<u64>() + 1)) {
        Ok(()) => Ok(Repeated::Known {
            hashes: found,
            _memory: memory,
        }),
        Err(_) => Ok(Repeated::Unknown),
    }
}

/// The hashes of some of the keys, and the memory they take.
struct Read {
    parts: Vec<Vec<u64>>,
    _memory: MemoryReservation,
}

/// Reads keys; `None` where there is no memory for their hashes.
async fn read(
    mut rows: datafusion::execution::SendableRecordBatchStream,
    memory: MemoryReservation,
) -> Result<Option<Read>> {
    let mut parts = vec![Vec::new(); PARTS];
    while let Some(batch) = rows.next().await {
        let hashes = hashes(batch?.column(0))?;
        // Twice: vectors grow by doubling.
        if memory.try_grow(2 * size_of_val(hashes.as_slice())).is_err() {
            return Ok(None);
        }
        for hash in hashes {
            parts[hash as usize % PARTS].push(hash);
        }
    }
    Ok(Some(Read { parts, _memory: memory }))
}

fn find(mut read: Vec<Read>) -> Result<Hashes> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(read.len().max(1));
    let mut parts: Vec<Vec<Vec<u64>>> = (0..PARTS)
        .map(|part| {
            read.iter_mut()
                .map(|read| std::mem::take(&mut read.parts[part]))
                .collect()
        })
        .collect();
    let share = PARTS.div_ceil(threads);
    let mut found = HashSet::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (parts.chunks_mut(share))
            .map(|parts| scope.spawn(|| parts.iter_mut().flat_map(more_than_once).collect::<Vec<_>>()))
            .collect();
        for worker in workers {
            let ended = worker.join();
            found.extend(ended.map_err(|_| internal_datafusion_err!("the search for copies of events ended early"))?);
        }
        Ok::<_, DataFusionError>(())
    })?;
    drop(read);
    Ok(found)
}

fn more_than_once(part: &mut Vec<Vec<u64>>) -> Vec<u64> {
    let mut hashes = part.concat();
    part.clear();
    hashes.sort_unstable();
    let mut found: Vec<u64> = hashes
        .windows(2)
        .filter(|two| two[0] == two[1])
        .map(|two| two[0])
        .collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{RecordBatch, StringArray};
    use datafusion::execution::memory_pool::GreedyMemoryPool;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    fn keys(names: &[&str]) -> ArrayRef {
        Arc::new(StringArray::from_iter(
            names.iter().map(|name| (!name.is_empty()).then_some(*name)),
        ))
    }

    /// What is found in these batches of keys with that much memory, and the memory taken in the end.
    async fn found(batches: &[&[&str]], bytes: usize) -> (Arc<Repeated>, Arc<GreedyMemoryPool>) {
        use datafusion::execution::memory_pool::MemoryPool;
        let pool = Arc::new(GreedyMemoryPool::new(bytes));
        let of_runtime: Arc<dyn MemoryPool> = Arc::clone(&pool) as _;
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(of_runtime)
            .build_arc()
            .unwrap();
        let context = SessionContext::new_with_config_rt(SessionConfig::new().with_target_partitions(2), runtime);
        let batch = |names: &&[&str]| RecordBatch::try_from_iter([("event_key", keys(names))]).unwrap();
        let rows = context.read_batches(batches.iter().map(batch)).unwrap();
        let plan = rows.create_physical_plan().await.unwrap();
        let shared = Shared::default();
        let repeated = shared.search(&plan, &context.task_ctx()).await.unwrap();
        assert!(Arc::ptr_eq(
            &repeated,
            &shared.search(&plan, &context.task_ctx()).await.unwrap()
        ));
        (repeated, pool)
    }

    #[tokio::test]
    async fn keys_that_stand_twice_are_found_across_batches_and_null_is_a_key() {
        use datafusion::execution::memory_pool::MemoryPool;
        let (repeated, pool) = found(&[&["a", "b", "c", ""], &["b", "d", ""], &["e", "e", "e"]], 1 << 20).await;
        let of = |names: &[&str]| -> Vec<bool> {
            hashes(&keys(names))
                .unwrap()
                .into_iter()
                .map(|hash| repeated.contains(hash))
                .collect()
        };
        assert_eq!(
            of(&["a", "b", "c", "d", "e", ""]),
            [false, true, false, false, true, true]
        );
        assert!(!repeated.is_none());
        assert!(pool.reserved() > 0 && pool.reserved() < 1024);
        drop(repeated);
        assert_eq!(pool.reserved(), 0);
        assert!(found(&[&["a", "b"], &["c"]], 1 << 20).await.0.is_none());
        assert!(found(&[&[]], 1 << 20).await.0.is_none());
    }

    #[tokio::test]
    async fn without_memory_every_key_may_stand_twice() {
        let (repeated, _) = found(&[&["a", "b", "c"]], 16).await;
        assert!(matches!(*repeated, Repeated::Unknown));
        assert!(repeated.contains(7) && !repeated.is_none());
    }
}
