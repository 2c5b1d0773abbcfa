-- Comments of such a dataset are sent to no provider.
ALTER TABLE datasets ADD COLUMN may_hold_child_data BOOLEAN DEFAULT false;
