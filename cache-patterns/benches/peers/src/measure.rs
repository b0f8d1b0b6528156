//! Cells of a table, measured in turns, so that a busy minute hits all of them.

use std::time::{Duration, Instant};

/// How long one cell is measured in one round.
const SLICE: Duration = Duration::from_millis(400);

/// Calls per second of a loop on this thread; `call` gets the number of the call.
pub(crate) fn rate(mut call: impl FnMut(u64)) -> f64 {
    let began = Instant::now();
    let mut calls = 0;
    while began.elapsed() < SLICE {
        for _ in 0..256 {
            call(calls);
            calls += 1;
        }
    }
    calls as f64 / began.elapsed().as_secs_f64()
}

/// Calls per second of `tasks` tasks that do one after another.
pub(crate) async fn rate_of<F, Fut>(tasks: u64, call: F) -> f64
where
    F: Fn(u64) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let began = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let call = call.clone();
            tokio::spawn(async move {
                let mut calls = 0u64;
                while began.elapsed() < SLICE {
                    for _ in 0..16 {
                        call(task * 1_000_003 + calls).await;
                        calls += 1;
                    }
                }
                calls
            })
        })
        .collect();
    let mut calls = 0;
    for task in running {
        calls += task.await.unwrap_or(0);
    }
    calls as f64 / began.elapsed().as_secs_f64()
}

/// Rates by cell and round; prints the ratio of each cell to the first: median, least and most over the rounds.
pub(crate) fn table(title: &str, cells: &[&str], rounds: &[Vec<f64>]) {
    println!("\n{title}");
    for (at, cell) in cells.iter().enumerate() {
        let mut ratios: Vec<f64> = rounds.iter().map(|round| round[at] / round[0]).collect();
        ratios.sort_by(f64::total_cmp);
        let mut rates: Vec<f64> = rounds.iter().map(|round| round[at]).collect();
        rates.sort_by(f64::total_cmp);
        println!(
            "  {cell:<46} {:>6.2}  ({:.2} to {:.2})   {:>10.0}/s",
            ratios[ratios.len() / 2],
            ratios[0],
            ratios[ratios.len() - 1],
            rates[rates.len() / 2],
        );
    }
}
