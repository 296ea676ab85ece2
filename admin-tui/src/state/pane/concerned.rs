//! What an act would be done to, and which acts that allows.

use serde_json::Value;
use serde_json::value::RawValue;

use super::Pane;
use crate::act::Act;
use crate::view::{Body, Row};

/// With more marked rows, all acts are offered without a look at each row.
const OFFERED_MARKS_MAX: usize = 16;

impl Pane {
    /// What an act would be done to: the marked rows, else the row under the cursor, else
    /// the thing that the page is about.
    pub fn subjects(&self) -> Vec<String> {
        if !self.marks.is_empty() {
            return self.marks.keys().cloned().collect();
        }
        match &self.view.body {
            Body::List { .. } => self.row().map(|row| row.id.clone()).into_iter().collect(),
            Body::Page { .. } => self.target.id.clone().into_iter().collect(),
        }
    }

    /// The rows that an act would be done to.
    pub fn concerned(&self) -> Vec<&Row> {
        if self.marks.is_empty() {
            return self.row().into_iter().collect();
        }
        let mut places: Vec<usize> = self.marks.values().copied().flatten().collect();
        places.sort_unstable();
        places.into_iter().filter_map(|at| self.rows.get(at)).collect()
    }

    /// Marks the row under the cursor, or takes its mark away.
    pub fn mark(&mut self) {
        if let Some(id) = self.row().map(|row| row.id.clone())
            && self.marks.remove(&id).is_none()
        {
            self.marks.insert(id, self.shown.get(self.cursor).copied());
        }
    }

    /// Notes where the marked rows are now.
    pub(super) fn place_marks(&mut self) {
        if self.marks.is_empty() {
            return;
        }
        self.marks.values_mut().for_each(|place| *place = None);
        for (at, row) in self.rows.iter().enumerate() {
            if let Some(place) = self.marks.get_mut(&row.id) {
                *place = Some(at);
            }
        }
    }

    /// Why an act cannot be done to what it would be done to; none when it can, or when that is
    /// not known.
    pub fn refusal(&self, act: &Act) -> Option<String> {
        let known = self.known();
        let refused: Vec<String> = known.iter().filter_map(act.refusal).collect();
        let first = refused.first()?;
        Some(match known.len() {
            1 => first.clone(),
            many => format!("{} of {many} marked: {first}", refused.len()),
        })
    }

    /// What can be done here and now. Asked for each picture, so what is concerned is read once
    /// for all acts, and only while it is little; an act that is begun looks at all of it.
    pub fn offered(&self) -> impl Iterator<Item = &'static Act> {
        let little = !self.view.acts.is_empty() && self.marks.len() <= OFFERED_MARKS_MAX;
        let known = if little { self.known() } else { Vec::new() };
        let fits = move |act: &&Act| !known.iter().any(|value| (act.refusal)(value).is_some());
        self.view.acts.iter().copied().filter(fits)
    }

    /// What is known of what an act would be done to.
    fn known(&self) -> Vec<Value> {
        let raw: Vec<&RawValue> = match &self.view.body {
            Body::List { .. } => self.concerned().into_iter().map(|row| &*row.json).collect(),
            Body::Page { .. } => self.json.as_deref().into_iter().collect(),
        };
        raw.into_iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect()
    }
}
