use cache_patterns::Ttl;

const FOR_EVER: Ttl = Ttl::hours(24 * 365);

fn main() {
    println!("{FOR_EVER:?}");
}

// says: a TTL is at most 30 days
