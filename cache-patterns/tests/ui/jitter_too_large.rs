use cache_patterns::Jitter;

const MOST: Jitter = Jitter::permille(950);

fn main() {
    println!("{MOST:?}");
}

// says: a jitter is at most 90 % of the TTL
