-- title: Write rows that stand in the catalogue into files, before anything is cleaned up
CALL ducklake_flush_inlined_data('lake')
