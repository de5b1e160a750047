"""The sealed content: documents, FollowTheMoney entities, tables and templates."""
