pub fn unfinished( {
