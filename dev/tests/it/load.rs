use crate::support::{Dev, Scratch, number};

#[test]
fn the_load_settles_and_is_rejected_and_says_so_each_second() {
    let scratch = Scratch::new();
    let mut dev = Dev::up(&scratch.0, &["--load", "100"]);
    assert_eq!(dev.banner("load"), "100");
    let (mut settled, mut rejected) = (0, 0);
    // At 100/s with 5 % rejected, one second without any is rare and several in a row are not to be.
    while settled == 0 || rejected == 0 {
        let line = dev.wait_for("load  sent");
        settled += number(&line, "settled");
        rejected += number(&line, "rejected");
        let lines = dev.said.iter().filter(|line| line.starts_with("load  sent")).count();
        assert!(lines < 60, "{dev}");
    }
    dev.stops_cleanly_on("INT");
}
