use std::os::unix::fs::{MetadataExt, PermissionsExt};

use embedded::postgres::{Options, Server};

use crate::support::{Scratch, text};

/// Only root hands its server to another user.
fn runs_as_root(scratch: &Scratch) -> bool {
    std::fs::metadata(&scratch.0).unwrap().uid() == 0
}

#[tokio::test]
async fn a_folder_that_is_closed_to_the_servers_user_is_replaced_by_one_that_is_found_again() {
    let scratch = Scratch::new();
    if !runs_as_root(&scratch) {
        return;
    }
    let closed = scratch.0.join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
    let options =
        Options { remove_data_on_exit: true, ..Options::new(closed.join("deep/postgres")) };

    let first = Server::start(options.clone()).await.unwrap();
    let data_dir = first.data_dir().to_owned();
    assert!(data_dir.starts_with("/var/tmp"), "{}", data_dir.display());
    assert_ne!(std::fs::metadata(&data_dir).unwrap().uid(), 0);
    first.create_database("kept").await.unwrap();
    first.kill_immediate().await.unwrap();
    drop(first);

    let second = Server::start(options).await.unwrap();
    assert_eq!(second.data_dir(), data_dir);
    assert_eq!(text(&second.url("kept"), "SELECT current_database()::text").await, "kept");
    second.stop().await.unwrap();
    assert!(!data_dir.exists());
    std::fs::remove_dir_all(data_dir.parent().unwrap()).unwrap();
}
