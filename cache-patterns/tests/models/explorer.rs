//! Visits every state that a model can reach, breadth first, so that what it finds is a shortest way there.

use std::collections::HashMap;
use std::hash::Hash;

/// More states than this are a mistake in the model: the search stops loudly instead of claiming to be exhaustive.
const MOST_STATES: usize = 3_000_000;

/// Something that moves from state to state.
pub trait Model {
    /// All that the next steps depend on.
    type State: Clone + Eq + Hash;

    fn initial(&self) -> Vec<Self::State>;

    /// Every step that anyone can take, each with a name for the trace.
    fn steps(&self, state: &Self::State, into: &mut Vec<(String, Self::State)>);

    /// What must never be; `None`: the state is sound.
    fn wrong(&self, state: &Self::State) -> Option<String>;
}

/// What a search came to.
pub struct Searched {
    pub states: usize,
    /// The law that was broken and the steps that led there.
    pub broken: Option<(String, Vec<String>)>,
}

/// Visits all states, or those up to the first that is wrong.
pub fn search<M: Model>(model: &M) -> Searched {
    let mut known: HashMap<M::State, ()> = HashMap::new();
    // How each state was reached; its own number is its index.
    let mut ways: Vec<(usize, String)> = Vec::new();
    let mut queue: Vec<M::State> = Vec::new();
    for state in model.initial() {
        known.insert(state.clone(), ());
        ways.push((usize::MAX, String::new()));
        queue.push(state);
    }
    let mut steps = Vec::new();
    let mut at = 0;
    while at < queue.len() {
        let state = queue[at].clone();
        if let Some(law) = model.wrong(&state) {
            return Searched { states: queue.len(), broken: Some((law, trace(&ways, at))) };
        }
        model.steps(&state, &mut steps);
        for (name, next) in steps.drain(..) {
            if known.insert(next.clone(), ()).is_none() {
                ways.push((at, name));
                queue.push(next);
            }
        }
        assert!(queue.len() < MOST_STATES, "the model has too many states to be searched");
        at += 1;
    }
    Searched { states: queue.len(), broken: None }
}

fn trace(ways: &[(usize, String)], mut at: usize) -> Vec<String> {
    let mut steps = Vec::new();
    while ways[at].0 != usize::MAX {
        steps.push(ways[at].1.clone());
        at = ways[at].0;
    }
    steps.reverse();
    steps
}

/// The protocol holds in every state.
pub fn holds<M: Model>(name: &str, model: &M) {
    let searched = search(model);
    println!("{name}: {} states", searched.states);
    if let Some((law, steps)) = searched.broken {
        panic!("{name}: {law}\n  {}", steps.join("\n  "));
    }
}

/// The explorer finds the known fault of a protocol: otherwise it would find none at all.
pub fn is_broken<M: Model>(name: &str, model: &M) {
    let searched = search(model);
    let (law, steps) = searched.broken.unwrap_or_else(|| panic!("{name}: {} states, all sound", searched.states));
    println!("{name}: {law} after {} steps, {} states", steps.len(), searched.states);
}

/// A model that is known to be wrong, for the explorer's own sake.
#[test]
fn the_explorer_visits_all_and_finds_the_shortest_way() {
    struct Counter;
    impl Model for Counter {
        type State = (u8, u8);
        fn initial(&self) -> Vec<(u8, u8)> {
            vec![(0, 0)]
        }
        fn steps(&self, &(a, b): &(u8, u8), into: &mut Vec<(String, (u8, u8))>) {
            if a < 9 {
                into.push(("a".to_owned(), (a + 1, b)));
            }
            if b < 9 {
                into.push(("b".to_owned(), (a, b + 1)));
            }
            into.push(("both".to_owned(), ((a + 1).min(9), (b + 1).min(9))));
        }
        fn wrong(&self, &(a, b): &(u8, u8)) -> Option<String> {
            (a == 7 && b == 5).then(|| "seven and five".to_owned())
        }
    }
    let searched = search(&Counter);
    assert_eq!(searched.broken.map(|(_, steps)| steps.len()), Some(7));
}
