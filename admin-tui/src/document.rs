//! A page as data: the same for the screen, for `-o table`, and for tests.

use crate::cell::{Cell, Tone};
use crate::view::Target;

/// What a page shows, from top to bottom.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// What it is about, such as an id.
    pub title: String,
    /// Its parts.
    pub blocks: Vec<Block>,
}

/// One part of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Names and values, one a line.
    Fields(Vec<(String, Cell)>),
    /// A table with a heading.
    Table {
        /// What it lists.
        heading: String,
        /// Names of its columns.
        columns: Vec<String>,
        /// Its rows, each with where it leads.
        rows: Vec<(Vec<Cell>, Option<Target>)>,
    },
    /// A sentence.
    Note(String, Tone),
    /// How much of something is done.
    Gauge {
        /// Of what.
        label: String,
        /// Done.
        done: u64,
        /// All.
        total: u64,
    },
    /// A course over time. What was not measured is a gap.
    Graph {
        /// Of what, with its unit.
        label: String,
        /// Oldest first.
        points: Vec<Option<u64>>,
    },
    /// Parts that stand beside one another where there is room, else below one another.
    Side(Vec<Document>),
    /// Anything else, as indented JSON.
    Json(String),
}

impl Document {
    /// An empty page about this.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), blocks: Vec::new() }
    }

    /// Adds names and values.
    #[must_use]
    pub fn fields(mut self, fields: impl IntoIterator<Item = (&'static str, Cell)>) -> Self {
        let fields = fields.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect();
        self.blocks.push(Block::Fields(fields));
        self
    }

    /// Adds a table, if it has rows.
    #[must_use]
    pub fn table(
        mut self,
        heading: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = (Vec<Cell>, Option<Target>)>,
    ) -> Self {
        let rows: Vec<_> = rows.into_iter().collect();
        if !rows.is_empty() {
            self.blocks.push(Block::Table {
                heading: heading.to_owned(),
                columns: columns.iter().map(|&name| name.to_owned()).collect(),
                rows,
            });
        }
        self
    }

    /// Adds parts that stand beside one another where there is room.
    #[must_use]
    pub fn side(self, parts: Vec<Self>) -> Self {
        self.block(Block::Side(parts))
    }

    /// Adds anything.
    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// Where its rows lead, in the order in which the cursor meets them.
    pub fn links(&self) -> Vec<&Target> {
        self.blocks.iter().flat_map(links_of).collect()
    }
}

fn links_of(block: &Block) -> Vec<&Target> {
    match block {
        Block::Table { rows, .. } => rows.iter().filter_map(|(_, to)| to.as_ref()).collect(),
        Block::Side(parts) => parts.iter().flat_map(Document::links).collect(),
        _ => Vec::new(),
    }
}
